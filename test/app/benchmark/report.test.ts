import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type OpenedManifest, readManifest } from '../../../src/app/benchmark/manifest/read-manifest.ts';
import { changedSettings } from '../../../src/app/benchmark/plan/benchmark-settings.ts';
import type { Cell } from '../../../src/app/benchmark/plan/cell.ts';
import type { BenchmarkRequest } from '../../../src/app/benchmark/plan/plan-benchmark.ts';
import { collectRecords } from '../../../src/app/benchmark/report/collect-records.ts';
import { html } from '../../../src/app/benchmark/report/html.ts';
import { atEqualSimilarity } from '../../../src/app/benchmark/report/show-pictures.ts';
import { machineTime, type TableSummary } from '../../../src/app/benchmark/report/summarize.ts';
import { mapOfDirection } from '../../../src/app/benchmark/report/thumbnails.ts';
import { type WrittenReport, writeReport } from '../../../src/app/benchmark/report/write-report.ts';
import { ndArray } from '../../../src/engine/index.ts';
import { completeTask } from '../../../src/index.ts';
import { mean } from '../../../src/methods/evaluation/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { type FakeFigures, recordedRequest, recordResults } from './recorded-results.ts';
import { openTiny, tinyManifest, tinyPictures, writePictures } from './tiny-manifest.ts';

const folder = temporaryFolder();

/**
 * Similarity grows by 0.1 a step. The perceptual distance is 0.1 a step and 0.02 a case for DDS-SM (and all others), and
 * 0.05 a step less for DreamSteerer, whose similarity grows half as fast.
 */
function figures({ variant, concept, source }: Cell, step: number): Readonly<Record<string, number>> {
  const place = ['tom sofa', 'kit sofa', 'tom roof', 'kit roof', 'rex park'].indexOf(`${concept} ${source}`);
  const isSteered = variant === 'steered';
  return {
    'clip-i': 0.2 + step * (isSteered ? 0.05 : 0.1),
    'pocket-perceptual-distance': step === 0 ? 0 : step * (isSteered ? 0.05 : 0.1) + 0.02 * place,
    ssim: 1 - step * (isSteered ? 0.04 : 0.05),
  };
}

let report: WrittenReport;
let page = '';
beforeAll(async () => {
  await writePictures(folder, tinyPictures);
  await recordResults(folder.path('out'), await openTiny(folder), recordedRequest, figures);
  report = await writeReport(folder.path('out'));
  page = await readFile(folder.path('out/report/index.html'), 'utf8');
}, 60_000);

const tableOf = (suite: string) => report.tables.find((table) => table.suite === suite)!;
const rowOf = ({ rows }: TableSummary, variant: string) => rows.find((row) => row.variant === variant)!;
const distance = 'pocket-perceptual-distance';

describe('tables', () => {
  test('have means after the last step over all cases', () => {
    const table = tableOf('main');
    expect(table).toMatchObject({ cases: 5, concepts: 3, similarity: 'clip-i', reference: 'dds-sm' });
    // 4 · 0.1 and the mean of 0, 0.02 … 0.08
    expect(rowOf(table, 'dds-sm').means[distance]).toBeCloseTo(0.44, 10);
    expect(rowOf(table, 'steered').means[distance]).toBeCloseTo(0.24, 10);
    expect(rowOf(table, 'steered').curve.map(({ step }) => step)).toEqual([0, 1, 2, 4]);
  });

  test('have paired differences, without intervals of so few concepts', () => {
    const { difference, relativePercent, pairs } = rowOf(tableOf('main'), 'steered').differences[distance]!;
    expect(pairs).toBe(5);
    expect(difference.value).toBeCloseTo(-0.2, 10);
    expect(difference).toMatchObject({ items: 3, interval: undefined }); // of three concepts
    expect(relativePercent!.value).toBeCloseTo((100 * -0.2) / 0.44, 8);
    expect(rowOf(tableOf('main'), 'dds-sm').differences).toEqual({});
  });

  test('compare at equal similarity: what edits less is not better for that', () => {
    const [perceptual, structure] = rowOf(tableOf('main'), 'steered').equal;
    // Steering ends at 0.4, so both are compared at nine tenths of 0.2 … 0.4, where the distance is that of both.
    expect(perceptual).toMatchObject({ figure: distance, unmatched: 0 });
    expect(perceptual!.paired!.difference.value).toBeCloseTo(0, 2);
    expect(perceptual!.means!.similarity).toBeCloseTo(0.38, 10);
    expect(perceptual!.paired!.similarity).toBeCloseTo(0.38, 10);
    // After 3.6 steps of 0.04 and 1.8 of 0.05.
    expect(structure).toMatchObject({ figure: 'ssim' });
    for (const compared of [structure!.paired!, structure!.means!]) {
      expect(compared.method).toBeCloseTo(0.856, 10);
      expect(compared.baseline).toBeCloseTo(0.91, 10);
      expect(compared.difference.value).toBeCloseTo(-0.054, 10);
      expect(compared.relativePercent!.value).toBeCloseTo((100 * -0.054) / 0.91, 10);
    }
    // The gap grows linearly from 0 at 0.2: 0.06 · 0.2 / 2.
    expect(structure!.area!.value).toBeCloseTo(-0.006, 10);
  });

  test('have costs', () => {
    const { cost } = rowOf(tableOf('main'), 'steered');
    expect(cost).toEqual({
      unetCalls: 78,
      steeringCalls: 60,
      seconds: 11,
      steeringSeconds: 6,
      peakBytes: 3.5 * 2 ** 30, // of kit, the most
    });
    expect(tableOf('main')).toMatchObject({ learningSeconds: 360, learningPeakBytes: 5 * 2 ** 30 });
    expect(page).toContain(
      '<td>DreamSteerer</td><td>78</td><td>60</td><td>11.0</td><td>6.0</td><td>3.5 GiB</td>',
    );
    expect(page).toContain(
      'learning a concept</td><td>–</td><td>–</td><td>360.0</td><td>–</td><td>5.0 GiB</td>',
    );
  });

  test('count the time of what several tables share once', async () => {
    const { cells } = await collectRecords(folder.path('out'));
    const { learning, editing } = machineTime(cells);
    // Tom alone has more than one picture, so that one-shot learns him anew: four concepts, 360 seconds each.
    expect(learning).toBe(4 * 360);
    const seconds = new Map(cells.map(({ edit, cost }) => [edit, cost.seconds.steering + 5]));
    expect(editing).toBe([...seconds.values()].reduce((a, b) => a + b));
    expect(page).toContain('took 0.40 hours of learning');
  });

  test('of ablations compare with the whole method', () => {
    const table = tableOf('ablation');
    expect(table.reference).toBe('steered');
    expect(rowOf(table, 'dds-sm').differences[distance]!.difference.value).toBeCloseTo(0.2, 10);
    expect(rowOf(table, 'true-mask').cases).toBe(2);
  });
});

describe('the page', () => {
  test('has each table, plots, pictures inside, and nothing from elsewhere', () => {
    for (const text of [
      'Main comparison: DreamBooth',
      'Ablations: DreamBooth',
      'One reference picture: DreamBooth',
    ]) {
      expect(page).toContain(`<h2>${text}</h2>`);
    }
    expect(page).toContain('0.440');
    expect(page).toContain('Autoencoder alone<small>no edit</small></td><td>–</td><td>–</td><td>0.970</td>');
    expect(page).toContain('<small>−0.2000</small><small>−45.5 %</small>');
    expect(page).toContain('<small>5 cases, 3 concepts</small>');
    expect(page).not.toMatch(/class="(better|worse)"/);
    expect(page).toContain('0.856 against 0.910 at 0.380');
    expect(page.match(/<svg[^>]*class="plot/g)!.length).toBe(3 * 2);
    expect(page.match(/src="data:image\/(webp|png);base64,/g)!.length).toBeGreaterThan(50);
    expect(page.match(/(src|href)="(?!data:)/g)).toBeNull();
    expect(page).not.toContain('<script');
    expect(page).toContain('MS-SSIM is left out: its five scales need pictures of 161 pixels');
    expect(page).not.toContain('NaN');
    expect(page).not.toContain('undefined');
  });

  test('shows pictures at equal similarity: those of the step where a method has what the slowest one reaches', async () => {
    const { cells } = await collectRecords(folder.path('out'));
    const own = cells.filter(
      ({ suite, concept, source }) => `${suite} ${concept} ${source}` === 'main tom sofa',
    );
    const chosen = own.map((cell) => [cell.variant, atEqualSimilarity('clip-i')(cell, own)?.step]);
    expect(Object.fromEntries(chosen)).toEqual({ dds: 2, 'dds-s': 2, 'dds-sm': 2, steered: 4 });
    const still = {
      ...own[0]!,
      steps: own[0]!.steps.map((each) => ({ ...each, figures: { 'clip-i': 0.2 } })),
    };
    expect(atEqualSimilarity('clip-i')(still, [still, ...own.slice(1)])).toBeUndefined();
  });

  test('says how it was measured: by which CLIP, on which device', () => {
    const day = new Date().toISOString().slice(0, 10);
    expect(page).toContain(`<li>Tiny: fake model on cpu, ${day}.</li>`);
    expect(page).toContain(
      'Measured with CLIP (org/clip). Figures of CLIP that name no model are by org/clip.',
    );
    expect(page).not.toContain('chooses guided images by'); // as many are kept as are made
  });

  test('says what is left out', () => {
    expect(page).toContain('&#34;true mask&#34; needs masks, and the source &#34;roof&#34; has none.');
  });

  test('escapes what comes from names', () => {
    expect(html`<p>${'<img src=x> & "more"'}${[html`<b>1</b>`, undefined, 2]}</p>`.text).toBe(
      '<p>&#60;img src=x&#62; &#38; &#34;more&#34;<b>1</b>2</p>',
    );
  });

  test('shows of a direction how far each place moved', () => {
    const direction = ndArray('float32', [1, 2, 1, 2], Float32Array.of(3, 0, 4, 1));
    const { values, width } = mapOfDirection(direction);
    expect(width).toBe(2);
    expect([...values]).toEqual([Math.fround(Math.sqrt(12.5)), Math.fround(Math.SQRT1_2)]);
  });
});

describe('beside the page', () => {
  test('every figure is a line of CSV', async () => {
    const lines = (await readFile(folder.path('out/report/figures.csv'), 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('suite,baseline,variant,concept,source,seed,step,metric,value');
    expect(lines).toContain('main,dreambooth,steered,kit,sofa,0,4,clip-i,0.4');
    const cells = report.tables.flatMap(({ rows }) => rows.map((row) => row.cases)).reduce((a, b) => a + b);
    const cases = report.tables.map((table) => table.cases).reduce((a, b) => a + b);
    expect(lines).toHaveLength(1 + cells * 4 * 3 + cases);
  });

  test('the autoencoder alone is in the CSV as in the table: a line a case', async () => {
    const lines = (await readFile(folder.path('out/report/figures.csv'), 'utf8')).trim().split('\n');
    expect(lines).toContain('main,dreambooth,autoencoder,kit,sofa,0,0,ssim,0.985');
    for (const { suite, baseline, cases, autoencoder } of report.tables) {
      const values = lines
        .filter((line) => line.startsWith(`${suite},${baseline},autoencoder,`))
        .map((line) => Number(line.split(',').at(-1)));
      expect(values).toHaveLength(cases);
      expect(mean(values)).toBeCloseTo(autoencoder.ssim!, 10);
    }
  });

  test('tables are LaTeX', async () => {
    const text = await readFile(folder.path('out/report/tables.tex'), 'utf8');
    expect(text.match(/\\begin{tabular}/g)).toHaveLength(3 * 3);
    expect(text).toContain(
      'DreamBooth & Autoencoder alone & -- & -- & 0.970 \\\\\n & DDS & 0.600 & 0.440 & 0.800 \\\\',
    );
    expect(text).toContain('Pocket perceptual distance $\\downarrow$');
    expect(text).toContain(
      '& DreamSteerer & $-$0.2000 & $-$33.3 \\% & $-$0.2000 & $-$45.5 \\% & +0.0400 & +5.0 \\% \\\\',
    );
    expect(text).toContain(
      '& DreamSteerer & SSIM $\\uparrow$ & 0.380 & 0.856 & 0.910 & $-$0.0540 & $-$5.9 \\% \\\\',
    );
  });
});

describe('reports', () => {
  const half: BenchmarkRequest = { ...recordedRequest, suites: ['main'], limit: 1 };
  const retitled = { ...tinyManifest, title: 'Tuning' };
  const reworded = {
    ...tinyManifest,
    sources: tinyManifest.sources.map((each) => ({ ...each, prompt: `${each.prompt}, again` })),
  };
  const better: FakeFigures = () => ({ ssim: 0.99 });

  /** Runs two requests after each other into a folder. */
  async function mix(
    name: string,
    first: readonly [OpenedManifest, BenchmarkRequest],
    second: readonly [OpenedManifest, BenchmarkRequest],
  ) {
    await recordResults(folder.path(name), ...first, figures);
    await recordResults(folder.path(name), ...second, better);
    const { tables } = await writeReport(folder.path(name));
    return { tables, page: await readFile(folder.path(`${name}/report/index.html`), 'utf8') };
  }

  test('of another model, or of another set as those to tune on are, are not mixed in', async () => {
    const opened = await openTiny(folder);
    const other = { ...half, limit: 2, identity: { ...half.identity, model: 'b' } };
    const set = await openTiny(folder, retitled);
    for (const second of [[opened, other] as const, [set, { ...half, limit: 2, seeds: [5] }] as const]) {
      const { tables, page } = await mix(`mixed-${second[1] === other}`, [opened, half], second);
      expect(tables.map(({ cases }) => cases)).toEqual([2]);
      expect(tables[0]!.rows.map(({ cases, means }) => [cases, means.ssim])).toEqual(
        Array(4).fill([2, 0.99]),
      );
      expect(page).toContain('Of 1 earlier run in this folder');
    }
  });

  test('count a case once, as the last run made it, though its prompt was another one before', async () => {
    const [before, after] = [await openTiny(folder), await openTiny(folder, reworded)];
    const { tables } = await mix('reworded', [before, { ...half, limit: 2 }], [after, half]);
    for (const { cases, means } of tables[0]!.rows) {
      expect(cases).toBe(2);
      expect(means.ssim).toBeGreaterThan(0.89); // the mean of one that is 0.99 and one of 0.8 or 0.84
      expect(means.ssim).toBeLessThan(0.92);
    }
  });

  test('of results that tell no memory, as older ones do, have a dash there, and nothing is done again', async () => {
    const opened = await openTiny(folder);
    await recordResults(folder.path('older'), opened, half, figures);
    for (const hash of await readdir(folder.path('older/results'))) {
      const path = folder.path(`older/results/${hash}/result.json`);
      const { result, ...rest } = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...rest, result: { ...result, peakBytes: undefined } }));
    }
    const { tables, page } = await mix('older', [opened, half], [opened, half]);
    expect(tables[0]!.learningPeakBytes).toBeUndefined();
    expect(tables[0]!.rows.map(({ cost }) => cost.peakBytes)).toEqual(Array(4).fill(undefined));
    expect(page).toContain('<td>DreamSteerer</td><td>78</td><td>60</td><td>11.0</td><td>6.0</td><td>–</td>');
  });

  test('keep the tables of a baseline whose settings did not change', async () => {
    const opened = await openTiny(folder);
    const settings = changedSettings(half.settings, {
      training: { lora: { steps: 7 } },
      steering: { lora: { guidedImages: { count: 9, keep: 2 } } },
    });
    const lora = { ...half, baselines: ['lora'], settings } as const;
    const { tables, page } = await mix(
      'baselines',
      [opened, { ...half, baselines: ['dreambooth', 'lora'] }],
      [opened, lora],
    );
    expect(tables.map(({ baseline, rows }) => [baseline, rows[0]!.means.ssim])).toEqual([
      ['dreambooth', 0.8],
      ['lora', 0.99],
    ]);
    expect(page).toContain('DreamSteerer chooses guided images by their likeness');
  });

  test('of two sets show each its own pictures, though names are equal', async () => {
    const opened = await openTiny(folder);
    const other = { ...tinyManifest, title: 'One', suites: ['one-shot'] } as const;
    await mkdir(folder.path('elsewhere'), { recursive: true });
    for (const name of tinyPictures) {
      await mkdir(dirname(folder.path(`elsewhere/${name}`)), { recursive: true });
      await copyFile(folder.path(name), folder.path(`elsewhere/${name}`));
    }
    await writeFile(folder.path('elsewhere/benchmark.json'), JSON.stringify(other));
    const elsewhere = await readManifest(folder.path('elsewhere/benchmark.json'));
    const oneShot = { ...half, suites: ['one-shot'] } as const;
    await mix('two-sets', [elsewhere, oneShot], [opened, half]);
    const { cells, biases } = await collectRecords(folder.path('two-sets'));
    for (const { suite, sourcePicture, referencePicture, oraclePicture } of cells) {
      const from = suite === 'one-shot' ? folder.path('elsewhere/') : folder.path('');
      expect([sourcePicture, referencePicture, oraclePicture]).toEqual(
        ['sofa.png', 'tom/1.png', 'sofa-tom.png'].map((name) => join(from, name)),
      );
    }
    const figuresOfBias = (await readFile(folder.path('two-sets/report/index.html'), 'utf8')).match(
      /DreamBooth, learned from (all pictures|one picture)<\/td><td>1</g,
    );
    expect(biases).toHaveLength(2);
    expect(figuresOfBias).toHaveLength(2);
  });

  test('of a folder without a benchmark are refused', async () => {
    await expect(completeTask('bench report', { folder: folder.path('tom') })).rejects.toThrow(
      /holds no benchmark/,
    );
  });
});
