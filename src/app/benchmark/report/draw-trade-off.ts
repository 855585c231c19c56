import type { MetricName } from '../../../methods/evaluation/index.ts';
import { drawVectors } from '../../charts/draw-chart.ts';
import { variants } from '../plan/variants.ts';
import { Html, html } from './html.ts';
import { type FigureName, metricOf, type TableSummary, titleOf } from './summarize.ts';

/** What is drawn against concept similarity, of what is measured: perceptual distance, structure, the right edit. */
const drawn: readonly MetricName[] = [
  'lpips-vgg',
  'pocket-perceptual-distance',
  'ssim',
  'oracle-subject-l1',
  'background-psnr',
];

/** Curves of means over editing steps, a plot a figure; the unedited source is where all of them begin. */
export async function tradeOffPlots(table: TableSummary): Promise<Html> {
  const { figures, similarity } = table;
  if (similarity === undefined) return html``;
  const shown = figures.filter((figure) => drawn.includes(metricOf(figure)));
  const plots: Html[] = [];
  for (const figure of shown) plots.push(await tradeOffPlot(table, similarity, figure));
  return html`<div class="plots">${plots}</div>
<p class="quiet">Each dot is a number of editing steps (${stepsOf(table)}), a mean over cases. A curve that lies above another where more is better, and below it where less is, keeps more of the source for as much of the concept.</p>`;
}

const stepsOf = ({ rows }: TableSummary): string =>
  rows[0]?.curve.map(({ step }) => (step === 0 ? 'the source itself' : step)).join(', ') ?? '';

/** Colours that stay apart in print and for the colour-blind (Okabe, Ito 2008), with dashes beside. */
const strokes: readonly (readonly [colour: string, dash: string])[] = [
  ['#0072B2', ''],
  ['#D55E00', ''],
  ['#000000', ''],
  ['#009E73', '7 3'],
  ['#CC79A7', ''],
  ['#56B4E9', '7 3'],
  ['#E69F00', ''],
  ['#0072B2', '2 3'],
  ['#D55E00', '2 3'],
  ['#000000', '2 3'],
  ['#009E73', '2 3'],
];

async function tradeOffPlot(
  { rows }: TableSummary,
  similarity: FigureName,
  figure: FigureName,
): Promise<Html> {
  const curves = rows.map(({ variant, curve }, place) => {
    const [stroke, dash] = strokes[place % strokes.length]!;
    const points = curve.flatMap(({ means }) =>
      means[similarity] === undefined || means[figure] === undefined
        ? []
        : [{ x: means[similarity], y: means[figure] }],
    );
    return { title: variants[variant].title, stroke, dash, points };
  });
  const svg = await drawVectors((plot) => ({
    width: 370,
    height: 290,
    marginLeft: 52,
    marginBottom: 40,
    marginRight: 16,
    style: { fontSize: '12px', color: '#1b1b1b', overflow: 'visible' },
    x: {
      label: `${titleOf(similarity)} →`,
      labelAnchor: 'center',
      labelArrow: 'none',
      grid: true,
      nice: true,
      ticks: 5,
    },
    y: { label: titleOf(figure), labelArrow: 'none', grid: true, nice: true, ticks: 6 },
    marks: curves.flatMap(({ points, stroke, dash }) => [
      plot.line(points, { x: 'x', y: 'y', stroke, strokeWidth: 1.8, ...(dash && { strokeDasharray: dash }) }),
      plot.dot(points, { x: 'x', y: 'y', fill: stroke, r: 2.6 }),
    ]),
  }));
  const legend = curves.map(
    ({ title, stroke, dash }) =>
      html`<span style="white-space:nowrap;margin-right:12px"><svg width="26" height="10" style="vertical-align:middle"><line x1="0" y1="5" x2="26" y2="5" stroke="${stroke}" stroke-width="2.4" stroke-dasharray="${dash || 'none'}"/><circle cx="13" cy="5" r="3" fill="${stroke}"/></svg> ${title}</span>`,
  );
  return html`<figure style="width:370px">${new Html(svg)}<figcaption style="font-size:12px">${legend}</figcaption></figure>`;
}
