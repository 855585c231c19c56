import { type MetricName, metrics } from '../../../methods/evaluation/index.ts';
import { baselines } from '../plan/benchmark-settings.ts';
import { suiteNames, suites, variants } from '../plan/variants.ts';
import type { CellRecord } from './collect-records.ts';
import { formatFigure } from './format-figure.ts';
import { metricOf, type TableSummary, titleOf } from './summarize.ts';

/** Every figure as a line: suite, baseline, variant, concept, source, seed, step, metric, value. */
export function csvOf(cells: readonly CellRecord[]): string {
  const lines = cells.flatMap(({ suite, baseline, variant, concept, source, seed, steps }) =>
    steps.flatMap(({ step, figures }) =>
      Object.entries(figures).map(([metric, value]) =>
        [suite, baseline, variant, concept, source, seed, step, metric, value].map(quoted).join(','),
      ),
    ),
  );
  return ['suite,baseline,variant,concept,source,seed,step,metric,value', ...lines, ''].join('\n');
}

const quoted = (value: string | number): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

/** Columns of the paper's tables, of those that are measured. */
const columns: readonly MetricName[] = [
  'clip-i',
  'clip-i-subject',
  'lpips-alex',
  'lpips-vgg',
  'pocket-perceptual-distance',
  'ssim',
  'ms-ssim',
  'oracle-subject-l1',
];

/** A table a suite for \input, with the package booktabs. */
export const latexOf = (tables: readonly TableSummary[]): string =>
  suiteNames
    .flatMap((suite) => {
      const own = tables.filter((table) => table.suite === suite);
      return own.length === 0 ? [] : [latexTable(suites[suite].title, own)];
    })
    .join('\n');

function latexTable(title: string, tables: readonly TableSummary[]): string {
  const shown = columns.filter((name) => tables.some(({ figures }) => figures.includes(name)));
  const arrow = (name: MetricName) =>
    metrics[name].direction === 'lower is better' ? '\\downarrow' : '\\uparrow';
  const heading = shown.map((name) => `${escapeLatex(titleOf(name))} $${arrow(name)}$`);
  const body = tables.flatMap(({ baseline, autoencoder, rows }) => [
    '\\midrule',
    ...[
      { title: 'Autoencoder alone', means: autoencoder },
      ...rows.map(({ variant, means }) => ({ title: variants[variant].title, means })),
    ]
      .map(({ title, means }, place) =>
        [
          place === 0 ? baselines[baseline] : '',
          escapeLatex(title),
          ...shown.map((name) =>
            means[name] === undefined ? '--' : formatFigure(metricOf(name), means[name]),
          ),
        ].join(' & '),
      )
      .map((line) => `${line} \\\\`),
  ]);
  return [
    `% ${title}`,
    `\\begin{tabular}{ll${'r'.repeat(shown.length)}}`,
    '\\toprule',
    `${['Baseline', 'Method', ...heading].join(' & ')} \\\\`,
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

const escapeLatex = (text: string): string => text.replaceAll(/[&%$#_{}]/g, (character) => `\\${character}`);
