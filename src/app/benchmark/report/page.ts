import { metricNames, metrics } from '../../../methods/evaluation/index.ts';
import { isScored } from '../plan/benchmark-settings.ts';
import { suites, variants } from '../plan/variants.ts';
import type { BenchmarkRecords } from './collect-records.ts';
import { tradeOffPlots } from './draw-trade-off.ts';
import { Html, html } from './html.ts';
import { pageStyle } from './page-style.ts';
import {
  afterTheLastStep,
  atEqualSimilarity,
  classBiasGrid,
  directionGrid,
  pictureGrid,
} from './show-pictures.ts';
import { costTable, equalSimilarityTable, lastStepTables } from './show-tables.ts';
import { machineTime, metricOf, type TableSummary } from './summarize.ts';

/** The whole report as one HTML file that needs no other, and no script. */
export async function reportPage(
  records: BenchmarkRecords,
  tables: readonly TableSummary[],
): Promise<string> {
  const sections: Html[] = [];
  for (const table of tables) sections.push(await tableSection(records, table));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${records.titles.join(', ')}: DreamSteerer benchmark</title>
<meta name="viewport" content="width=device-width"><style>${new Html(pageStyle)}</style></head><body>
<h1>${records.titles.join(', ')}</h1>
<p>Personalized subject editing with ${records.model}: ${records.cells.length} edits measured, ${tables.length} tables.</p>
${completeness(records)}
${sections}
${records.biases.length === 0 ? undefined : html`<h2>Source class bias</h2><p>The class word alone before and after personalization, from the same noises. Where the second looks like the concept, a source's branch by the personalized model has hardly anything to subtract; DDS-S and DDS-SM ask the pre-trained model there.</p>${await classBiasGrid(records)}`}
<h2>Cost</h2>${costTable(tables, machineTime(records.cells))}
<h2>How it was measured</h2>${notes(records, tables)}
</body></html>
`;
  return page.text;
}

async function tableSection(records: BenchmarkRecords, table: TableSummary): Promise<Html> {
  const { title, cases, concepts, similarity } = table;
  return html`<h2>${title}</h2>
<p>${cases} cases (concept, source, seed) of ${concepts} ${concepts === 1 ? 'concept' : 'concepts'}.</p>
${lastStepTables(table)}
<h3>At equal concept similarity</h3>${equalSimilarityTable(table)}
${await tradeOffPlots(table)}
<h3>Pictures, after the last step</h3>${await pictureGrid(records, table, afterTheLastStep)}
${similarity && html`<h3>Pictures, at equal concept similarity</h3><p class="quiet">After the first step that shows as much of the concept as all methods of the row reach; none of those that gain nothing.</p>${await pictureGrid(records, table, atEqualSimilarity(similarity))}`}
<h3>Editing directions</h3><p class="quiet">How far each place of the latent moved, z − ẑ, root mean square over channels; white is nothing, one scale a row.</p>
${await directionGrid(records, table)}`;
}

function completeness({ missing, failures, leftOut, otherPlans }: BenchmarkRecords): Html {
  const lines = [
    missing === 0
      ? undefined
      : `${missing} edits that were asked for are not done; run the benchmark again to go on.`,
    ...failures.map(({ title, message }) => `Failed: ${title}: ${message}`),
    ...leftOut.map((each) => `Left out: ${each}.`),
    otherPlans === 0
      ? undefined
      : `Of ${otherPlans} earlier ${otherPlans === 1 ? 'run' : 'runs'} in this folder, what had other settings, another set, model or instruments than the last run is not part of this report.`,
  ];
  const shown = lines.flatMap((line) => (line === undefined ? [] : [html`<li>${line}</li>`]));
  return shown.length === 0 ? html`` : html`<ul>${shown}</ul>`;
}

function notes({ model, instruments, runs }: BenchmarkRecords, tables: readonly TableSummary[]): Html {
  const used = metricNames.filter((name) =>
    tables.some(({ figures }) => figures.some((each) => metricOf(each) === name)),
  );
  const list = used.map((name) => {
    const { title, direction, range } = metrics[name];
    const [least, most] = range.map((end) => (Number.isFinite(end) ? String(end) : '∞'));
    return html`<li>${title}: ${direction}, ${least} to ${most}.</li>`;
  });
  const clips = instruments.filter(({ kind }) => kind === 'CLIP');
  const isChosen = runs.some(({ settings }) => Object.values(settings.steering).some(isScored));
  return html`<ul>${runs.map(({ title, device, date }) => html`<li>${title}: ${model} on ${device}, ${date}.</li>`)}</ul>
<p>Measured with ${instruments.map(({ kind, name }) => `${kind} (${name})`).join(', ') || 'pixels alone'}.${clips.length === 0 ? '' : ` Figures of CLIP that name no model are by ${clips[0]!.name}.`}${isChosen && clips.length > 0 ? ` DreamSteerer chooses guided images by their likeness to the concept in the eyes of the same CLIP; --clip names others to compare with.` : ''}</p>
<ul>${list}</ul>
${used.includes('ms-ssim') ? undefined : html`<p>MS-SSIM is left out: its five scales need pictures of ${metrics['ms-ssim'].leastSide} pixels and more.</p>`}
${used.includes('pocket-perceptual-distance') ? html`<p>The pocket perceptual distance is LPIPS' construction on the built-in model's CLIP, without heads learned from people's judgements; it is not LPIPS, and compares with itself only.</p>` : undefined}
<p>"Autoencoder alone" is the source encoded and decoded, without an edit. DDS, DDS-S and "mask off" lose that over the whole picture; what is edited with a mask is put into the source, and loses it inside the mask alone.</p>
<p>${Object.values(suites).map(({ title, reference }) => `${title}: compared with ${variants[reference].title}. `)}All statistics pair equal cases; intervals are percentile bootstraps of 1,000 resamples of concepts, widened for how few these are.</p>
${runs.map(({ title, settings }) => html`<details><summary>All settings: ${title}</summary><pre>${JSON.stringify(settings, undefined, 1)}</pre></details>`)}`;
}
