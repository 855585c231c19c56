import { join } from 'node:path';
import { groupBy, mean } from '../../../methods/evaluation/index.ts';
import { baselines } from '../plan/benchmark-settings.ts';
import { type Case, caseKey } from '../plan/cell.ts';
import { suites, variants } from '../plan/variants.ts';
import { DIRECTION, type RecordedPicture } from '../runner/edit-cell.ts';
import type { ClassBiasRow } from '../runner/sample-class-bias.ts';
import type { BenchmarkRecords, BiasRecord, CellRecord } from './collect-records.ts';
import { Html, html } from './html.ts';
import type { FigureName, TableSummary } from './summarize.ts';
import { directionPicture, readDirection, thumbnail } from './thumbnails.ts';

/** Cases a table that are shown. */
const MOST_CASES = 8;
/** Of them those whose directions are. */
const MOST_DIRECTIONS = 4;

/** Which picture of an edit is shown, of those of its case; undefined if none is. */
export type ChoosePicture = (cell: CellRecord, all: readonly CellRecord[]) => RecordedPicture | undefined;

export const afterTheLastStep: ChoosePicture = ({ pictures }) => pictures.at(-1);

/**
 * After the first step that shows as much of the concept as all methods reach that gain any; of those that gain none, no
 * picture.
 */
export const atEqualSimilarity =
  (similarity: FigureName): ChoosePicture =>
  (cell, all) => {
    const similarityAt = ({ steps }: CellRecord, step: number) =>
      steps.find((each) => each.step === step)?.figures[similarity] ?? Number.NEGATIVE_INFINITY;
    const highest = (of: CellRecord) => Math.max(...of.pictures.map(({ step }) => similarityAt(of, step)));
    const rising = all.filter((each) => highest(each) > similarityAt(each, 0));
    if (!rising.includes(cell)) return undefined;
    const reached = Math.min(...rising.map(highest));
    return cell.pictures.find(({ step }) => similarityAt(cell, step) >= reached);
  };

/** source | reference | each method | oracle */
export async function pictureGrid(
  records: BenchmarkRecords,
  table: TableSummary,
  choose: ChoosePicture,
): Promise<Html> {
  const shown = shownCases(cellsOf(records, table));
  const hasOracle = shown.some(({ oraclePicture }) => oraclePicture !== undefined);
  const head = ['', 'source', 'concept', ...titles(table), ...(hasOracle ? ['right edit'] : [])];
  const rows: Html[] = [];
  for (const each of shown) {
    const { concept, source, sourcePicture, referencePicture, oraclePicture } = each;
    const edits = await forVariants(records, table, each, (cell, all) => {
      const { step, file } = choose(cell, all) ?? {};
      const title = `${source} edited into ${concept} by ${variants[cell.variant].title}, step ${step}`;
      return thumbnail(file && join(cell.folder, file), title);
    });
    const cells = [
      await thumbnail(sourcePicture, `source ${source}`),
      await thumbnail(referencePicture, `reference of ${concept}`),
      ...edits,
      ...(hasOracle ? [await thumbnail(oraclePicture, `right edit of ${source}`)] : []),
    ];
    rows.push(rowOf(labelOf(each), cells));
  }
  return pictureTable(head, rows);
}

/** What each variant added to the latent, on one scale a case. */
export async function directionGrid(records: BenchmarkRecords, table: TableSummary): Promise<Html> {
  const shown = shownCases(cellsOf(records, table)).slice(0, MOST_DIRECTIONS);
  const rows: Html[] = [];
  for (const each of shown) {
    const maps = await forVariants(records, table, each, async (cell) => ({
      title: variants[cell.variant].title,
      map: await readDirection(join(cell.folder, DIRECTION)),
    }));
    const read = maps.map((found) => (found instanceof Html ? undefined : found));
    const most = Math.max(0, ...read.flatMap((found) => [...(found?.map?.values ?? [])]));
    const cells = await Promise.all(
      read.map((found) =>
        found?.map === undefined
          ? absent
          : directionPicture(found.map, most, `what ${found.title} adds to the latent of ${each.source}`),
      ),
    );
    rows.push(
      rowOf(`${labelOf(each)}, black: ${most.toFixed(2)}`, [
        await thumbnail(each.sourcePicture, `source ${each.source}`),
        ...cells,
      ]),
    );
  }
  return pictureTable(['', 'source', ...titles(table)], rows);
}

/** The class word alone before and after a concept of the class was learned: what the source's branch must not know. */
export async function classBiasGrid({ biases }: BenchmarkRecords): Promise<Html> {
  const rows: Html[] = [];
  for (const bias of biases.slice(0, MOST_CASES)) {
    const cells: Html[] = [await thumbnail(bias.referencePicture, `reference of ${bias.concept}`)];
    for (const name of biasRows) {
      const row = bias.rows.find((each) => each.name === name);
      for (const file of row?.files.slice(0, 2) ?? []) {
        cells.push(await thumbnail(join(bias.folder, file), `"${row!.prompt}", ${biasTitles[name]}`));
      }
    }
    rows.push(
      rowOf(
        `${bias.concept}, ${baselines[bias.baseline]} (${learnedFrom[suites[bias.suite].references]})`,
        cells,
      ),
    );
  }
  const head = ['', 'concept', ...biasRows.flatMap((name) => [biasTitles[name], ''])];
  return html`${pictureTable(head, rows)}${biasFigures(biases)}`;
}

const biasTitles: { readonly [R in ClassBiasRow]: string } = {
  'class before': 'class word, pre-trained',
  'class after': 'class word, personalized',
  concept: 'the concept, personalized',
};
const biasRows = Object.keys(biasTitles) as readonly ClassBiasRow[];

const learnedFrom = { all: 'all pictures', first: 'one picture' } as const;

function biasFigures(biases: readonly BiasRecord[]): Html {
  const keyOf = ({ baseline, suite }: BiasRecord) =>
    `${baselines[baseline]}, learned from ${learnedFrom[suites[suite].references]}`;
  const rows = groupBy(biases, keyOf).map((own) => {
    const means = biasRows.map((name) => {
      const figures = own.flatMap(
        ({ rows }) => rows.find((row) => row.name === name)?.conceptSimilarity ?? [],
      );
      return figures.length === 0 ? '–' : mean(figures).toFixed(3);
    });
    return html`<tr><td>${keyOf(own[0]!)}</td><td>${own.length}</td>${means.map((figure) => html`<td>${figure}</td>`)}</tr>`;
  });
  return html`<table><thead><tr><th>CLIP-I to the references</th><th>concepts</th>${biasRows.map((name) => html`<th>${biasTitles[name]}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
}

const cellsOf = ({ cells }: BenchmarkRecords, { suite, baseline }: TableSummary): readonly CellRecord[] =>
  cells.filter((cell) => cell.suite === suite && cell.baseline === baseline);

/** Different concepts first, as cells are ordered. */
function shownCases(cells: readonly CellRecord[]): readonly CellRecord[] {
  const cases = [...new Map(cells.map((cell) => [caseKey(cell), cell])).values()];
  return cases.slice(0, MOST_CASES);
}

function forVariants<T>(
  records: BenchmarkRecords,
  table: TableSummary,
  each: Case,
  of: (cell: CellRecord, all: readonly CellRecord[]) => Promise<T>,
): Promise<readonly (T | Html)[]> {
  const own = cellsOf(records, table).filter((cell) => caseKey(cell) === caseKey(each));
  return Promise.all(
    table.rows.map(({ variant }) => {
      const cell = own.find((other) => other.variant === variant);
      return cell === undefined ? absent : of(cell, own);
    }),
  );
}

const absent = html`<span class="absent">none</span>`;

/** Narrow columns may break the one long name. */
const titles = ({ rows }: TableSummary): readonly string[] =>
  rows.map(({ variant }) => variants[variant].title.replace('DreamSteerer', 'Dream\u00adSteerer'));

const labelOf = ({ concept, source, seed }: Case): string => `${source} into ${concept}, seed ${seed}`;

const rowOf = (label: string, cells: readonly Html[]): Html =>
  html`<tr><td>${label}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;

/** Of a picture on the page at most, and of all of a row together, in pixels. */
const LARGEST_SIDE = 104;
const ROW_WIDTH = 1050;

function pictureTable(head: readonly string[], rows: readonly Html[]): Html {
  const side = Math.min(LARGEST_SIDE, Math.floor(ROW_WIDTH / (head.length - 1)) - 7);
  return html`<div class="scroll"><table class="pictures" style="--side: ${side}px"><thead><tr>${head.map((each) => html`<th>${each}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
