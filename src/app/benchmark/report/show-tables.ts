import {
  type Comparison,
  type Estimate,
  FEWEST_ITEMS,
  type MetricName,
  metrics,
} from '../../../methods/evaluation/index.ts';
import { readableBytes } from '../../readable-bytes.ts';
import { variants } from '../plan/variants.ts';
import type { AtSimilarity } from './equal-similarity.ts';
import { formatDifference, formatFigure, formatPercent } from './format-figure.ts';
import { type Html, html } from './html.ts';
import {
  type FigureName,
  leadingMetrics,
  type MachineTime,
  metricOf,
  type RowSummary,
  type TableSummary,
  titleOf,
} from './summarize.ts';

/** Columns that fit a page. */
const MOST_COLUMNS = 5;

/** Means after the last step, and differences to the reference below them; as many tables as the width of a page asks for. */
export function lastStepTables({ rows, figures, reference, autoencoder }: TableSummary): Html {
  const ordered = [...figures].sort((a, b) => rankOf(a) - rankOf(b));
  const parts = Array.from({ length: Math.ceil(ordered.length / MOST_COLUMNS) }, (_, part) =>
    ordered.slice(part * MOST_COLUMNS, (part + 1) * MOST_COLUMNS),
  );
  return html`${parts.map((part) => lastStepTable(rows, autoencoder, part))}
<p class="quiet">Small: paired difference to ${variants[reference].title} over equal cases with its 95 % bootstrap interval (concepts are resampled), and the same in per cent of its mean. Green is better, red worse, where the interval leaves out 0. Fewer than ${FEWEST_ITEMS} concepts have no interval, and tell nothing of others.</p>`;
}

function lastStepTable(
  rows: readonly RowSummary[],
  autoencoder: TableSummary['autoencoder'],
  figures: readonly FigureName[],
): Html {
  const head = figures.map((figure) => html`<th>${titleOf(figure)} ${arrowOf(figure)}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr><td>${variants[row.variant].title}<small>${countOf(row.cases, row.concepts)}</small></td>${figures.map((figure) => lastStepCell(row, figure))}</tr>`,
  );
  const decoded = figures.map(
    (figure) =>
      html`<td>${autoencoder[figure] === undefined ? '–' : formatFigure(metricOf(figure), autoencoder[figure])}</td>`,
  );
  return html`<div class="scroll"><table><thead><tr><th>after the last step</th>${head}</tr></thead><tbody><tr><td>Autoencoder alone<small>no edit</small></td>${decoded}</tr>${body}</tbody></table></div>`;
}

function lastStepCell({ means, differences }: RowSummary, figure: FigureName): Html {
  const mean = means[figure];
  if (mean === undefined) return html`<td>–</td>`;
  const compared = differences[figure];
  const metric = metricOf(figure);
  const lines = compared && [
    smallDifference(figure, compared.difference, formatDifference(metric, compared.difference)),
    compared.relativePercent &&
      smallDifference(figure, compared.difference, formatPercent(compared.relativePercent)),
  ];
  return html`<td>${formatFigure(metric, mean)}${lines}</td>`;
}

const rankOf = (figure: FigureName): number => {
  const rank = leadingMetrics.indexOf(metricOf(figure));
  return rank === -1 ? leadingMetrics.length : rank;
};

/** Differences to the reference where both show as much of the concept. */
export function equalSimilarityTable({ rows, similarity, reference }: TableSummary): Html {
  const compared = rows.filter(({ equal }) => equal.length > 0);
  if (similarity === undefined || compared.length === 0) {
    return html`<p class="quiet">Nothing can be compared at equal concept similarity: it needs a CLIP model and cases of at least two methods.</p>`;
  }
  const body = compared.flatMap(({ variant, equal }) =>
    equal.map(({ figure, means, paired, unmatched, area }, place) => {
      const counted = countOf(paired?.pairs ?? 0, paired?.difference.items ?? 0);
      const leftOut = unmatched === 0 ? '' : `; ${unmatched} left out`;
      return html`<tr><td>${place === 0 ? variants[variant].title : ''}</td><td>${titleOf(figure)} ${arrowOf(figure)}</td>
<td>${means === undefined ? '–' : comparedValues(figure, means)}</td>
<td>${paired === undefined ? '–' : comparedValues(figure, paired)}<small>${counted}${leftOut}</small></td>
<td>${area === undefined ? '–' : smallDifference(figure, area, formatDifference(figure, area))}</td></tr>`;
    }),
  );
  return html`<div class="scroll"><table><thead><tr><th>at equal ${titleOf(similarity)}</th><th>figure</th><th>mean curves</th>
<th>case by case</th><th>area</th></tr></thead><tbody>${body}</tbody></table></div>
<p class="quiet">The method's value against that of ${variants[reference].title}, and their difference. Mean curves: at nine tenths of the range that both means reach; this is the figure to quote. Case by case: at nine tenths of the range that both curves of a case reach, the mean of which is named; cases where they share no range, since a method's similarity does not rise there, are left out. Area: between the curves of a case over all similarities that both reach. Every edit begins at the unedited source, so fewer editing steps of either method are part of the comparison.</p>`;
}

/** "0.240 against 0.260 at 0.380", and the difference below. */
function comparedValues(figure: MetricName, compared: AtSimilarity<Comparison>): Html {
  const { method, baseline, similarity, difference, relativePercent } = compared;
  return html`${formatFigure(figure, method)} against ${formatFigure(figure, baseline)} at ${similarity.toFixed(3)}${smallDifference(figure, difference, formatDifference(figure, difference))}${relativePercent && smallDifference(figure, difference, formatPercent(relativePercent))}`;
}

export function costTable(tables: readonly TableSummary[], time: MachineTime): Html {
  const body = tables.flatMap(({ title, learningSeconds, learningPeakBytes, rows }) => [
    html`<tr><td>${title}</td><td>learning a concept</td><td>–</td><td>–</td><td>${learningSeconds.toFixed(1)}</td><td>–</td><td>${memoryText(learningPeakBytes)}</td></tr>`,
    ...rows.map(({ variant, cost }) => {
      const { unetCalls, steeringCalls, seconds, steeringSeconds, peakBytes } = cost;
      const figures = [
        unetCalls.toFixed(0),
        steeringCalls.toFixed(0),
        seconds.toFixed(1),
        steeringSeconds.toFixed(1),
        memoryText(peakBytes),
      ];
      return html`<tr><td></td><td>${variants[variant].title}</td>${figures.map((figure) => html`<td>${figure}</td>`)}</tr>`;
    }),
  ]);
  return html`<table><thead><tr><th></th><th>method</th><th>UNet runs</th><th>of them steering</th><th>seconds</th><th>of them steering</th><th>peak memory</th></tr></thead><tbody>${body}</tbody></table>
<p class="quiet">Means a case, and a concept where it is learned. A run of the UNet is one call, whatever its batch; a run that is differentiated counts as two, forward and backward. Seconds are those of the machine that made the result. Peak memory is the most of all cases: the resident memory of the whole process while it was at the job, with the model, the instruments and what earlier jobs left in it, not what the method adds; memory of a graphics card is not in it. All results above together took ${hours(time.learning)} of learning and ${hours(time.editing)} of editing, without pictures of the class and measuring.</p>`;
}

/** "3.4 GiB"; a dash where it was not measured. */
const memoryText = (bytes: number | undefined): string => (bytes === undefined ? '–' : readableBytes(bytes));

/** "1.25 hours" */
const hours = (seconds: number): string => `${(seconds / 3600).toFixed(2)} hours`;

const countOf = (cases: number, concepts: number): string =>
  `${cases} ${cases === 1 ? 'case' : 'cases'}, ${concepts} ${concepts === 1 ? 'concept' : 'concepts'}`;

const arrowOf = (figure: FigureName): string =>
  metrics[metricOf(figure)].direction === 'lower is better' ? '↓' : '↑';

/** Coloured where the interval leaves out 0. */
function smallDifference(figure: FigureName, { interval }: Estimate, text: string): Html {
  if (interval === undefined) return html`<small>${text}</small>`;
  const { low, high } = interval;
  const lower = metrics[metricOf(figure)].direction === 'lower is better';
  const better = lower ? high < 0 : low > 0;
  const worse = lower ? low > 0 : high < 0;
  return html`<small class="${better ? 'better' : worse ? 'worse' : ''}">${text}</small>`;
}
