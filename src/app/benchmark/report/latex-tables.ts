import { type MetricName, metrics } from '../../../methods/evaluation/index.ts';
import { baselines } from '../plan/benchmark-settings.ts';
import { suiteNames, suites, variants } from '../plan/variants.ts';
import { formatDifference, formatFigure, formatPercent } from './format-figure.ts';
import {
  type FigureName,
  leadingMetrics,
  metricOf,
  type RowSummary,
  type TableSummary,
  titleOf,
} from './summarize.ts';

/** Three tables a suite for \input, with the package booktabs: means, differences, and figures at equal similarity. */
export const latexTables = (tables: readonly TableSummary[]): string =>
  suiteNames
    .flatMap((suite) => {
      const own = tables.filter((table) => table.suite === suite);
      const { title, reference } = suites[suite];
      const against = variants[reference].title;
      return own.length === 0
        ? []
        : [
            meansTable(`${title}: means after the last step`, own),
            differencesTable(`${title}: differences to ${against} after the last step`, own),
            equalSimilarityTable(`${title}: mean curves at equal concept similarity against ${against}`, own),
          ];
    })
    .join('\n');

/** Of those that are measured. */
const columnsOf = (tables: readonly TableSummary[]): readonly MetricName[] =>
  leadingMetrics.filter((name) => tables.some(({ figures }) => figures.includes(name)));

function meansTable(title: string, tables: readonly TableSummary[]): string {
  const shown = columnsOf(tables);
  const rowOf = (method: string, means: RowSummary['means']) => [
    method,
    ...shown.map((name) => (means[name] === undefined ? '--' : formatFigure(name, means[name]))),
  ];
  return tabular(
    title,
    shown.map(headingOf),
    tables.map(({ baseline, autoencoder, rows }) => ({
      name: baselines[baseline],
      rows: [
        rowOf('Autoencoder alone', autoencoder),
        ...rows.map(({ variant, means }) => rowOf(variants[variant].title, means)),
      ],
    })),
  );
}

/** Absolute with intervals, and in per cent with theirs. */
function differencesTable(title: string, tables: readonly TableSummary[]): string {
  const shown = columnsOf(tables);
  const textsOf = (name: MetricName, { differences }: RowSummary): readonly string[] => {
    const compared = differences[name];
    if (compared === undefined) return ['--', '--'];
    const { difference, relativePercent } = compared;
    return [
      formatDifference(name, difference),
      relativePercent === undefined ? '--' : formatPercent(relativePercent),
    ];
  };
  return tabular(
    title,
    shown.flatMap((name) => [headingOf(name), 'in per cent']),
    tables.map(({ baseline, rows }) => ({
      name: baselines[baseline],
      rows: rows
        .filter(({ differences }) => Object.keys(differences).length > 0)
        .map((row) => [variants[row.variant].title, ...shown.flatMap((name) => textsOf(name, row))]),
    })),
  );
}

function equalSimilarityTable(title: string, tables: readonly TableSummary[]): string {
  return tabular(
    title,
    ['figure', 'similarity', 'method', 'reference', 'difference', 'in per cent'],
    tables.map(({ baseline, rows }) => ({
      name: baselines[baseline],
      rows: rows.flatMap(({ variant, equal }) =>
        equal.flatMap(({ figure, means }) =>
          means === undefined
            ? []
            : [
                [
                  variants[variant].title,
                  headingOf(figure),
                  means.similarity.toFixed(3),
                  formatFigure(figure, means.method),
                  formatFigure(figure, means.baseline),
                  formatDifference(figure, means.difference),
                  means.relativePercent === undefined ? '--' : formatPercent(means.relativePercent),
                ],
              ],
        ),
      ),
    })),
  );
}

const headingOf = (figure: FigureName): string =>
  `${titleOf(figure)} ${metrics[metricOf(figure)].direction === 'lower is better' ? '↓' : '↑'}`;

interface Group {
  readonly name: string;
  /** The method and its figures. */
  readonly rows: readonly (readonly string[])[];
}

function tabular(title: string, headings: readonly string[], groups: readonly Group[]): string {
  const lineOf = (cells: readonly string[]) => `${cells.map(latexText).join(' & ')} \\\\`;
  return [
    `% ${title}`,
    `\\begin{tabular}{ll${'r'.repeat(headings.length)}}`,
    '\\toprule',
    lineOf(['Baseline', 'Method', ...headings]),
    ...groups
      .filter(({ rows }) => rows.length > 0)
      .flatMap(({ name, rows }) => [
        '\\midrule',
        ...rows.map((cells, place) => lineOf([place === 0 ? name : '', ...cells])),
      ]),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

const symbols: Readonly<Record<string, string>> = { '↓': '$\\downarrow$', '↑': '$\\uparrow$', '−': '$-$' };

const latexText = (text: string): string =>
  text.replaceAll(/[&%$#_{}↓↑−]/g, (character) => symbols[character] ?? `\\${character}`);
