import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readPlanRecords } from '../../src/app/benchmark/report/plan-record.ts';
import type { TableSummary } from '../../src/app/benchmark/report/summarize.ts';
import { type Picture, readPicture } from '../../src/files/images/index.ts';
import { completeTask } from '../../src/index.ts';
import { temporaryFolder } from '../files/formats/temporary-folder.ts';
import { describeBuiltIn } from './built-in-model.ts';

const folder = temporaryFolder();

/**
 * Twelve pairs of different concepts, DreamBooth, the built-in benchmark's own settings: about an hour. With a folder in
 * BENCHMARK_RESULTS the results stay there, and what is there already is not done again.
 */
describeBuiltIn('on twelve pairs of the built-in benchmark', () => {
  const out = process.env.BENCHMARK_RESULTS ?? folder.path('out');
  let table: TableSummary;

  beforeAll(async () => {
    await completeTask('bench init', { folder: folder.path('pocket'), pocket: true });
    await completeTask('bench', {
      manifest: folder.path('pocket/benchmark.json'),
      output: out,
      suites: ['ablation'],
      baselines: ['dreambooth'],
      methods: ['steered', 'without-edsd', 'without-mode-shifting', 'jacobian-plus', 'dds-sm'],
      limit: 12,
      device: 'cpu',
    });
    const report = JSON.parse(await readFile(join(out, 'report/report.json'), 'utf8'));
    [table] = report.tables;
  }, 7_200_000);

  const rowOf = (variant: string) => table.rows.find((row) => row.variant === variant)!;
  const meanOf = (variant: string, figure: string) => rowOf(variant).means[figure]!;
  const distance = 'pocket-perceptual-distance';

  test('the subject is found', () => {
    expect(rowOf('dds-sm').cases).toBe(12);
    expect(meanOf('dds-sm', 'mask-iou')).toBeGreaterThan(0.7);
  });

  test('not a pixel outside the mask changes', async () => {
    const [plan] = await readPlanRecords(out);
    const { cells, sources } = plan!;
    expect(cells.length).toBe(5 * 12);
    for (const { edit, source } of cells) {
      const [photo, mask, edited] = await Promise.all(
        [
          join(out, sources[source]!.picture),
          ...['mask.png', 'step-0100.png'].map((file) => join(out, 'results', edit, file)),
        ].map((path) => readPicture(path)),
      );
      const outside = ({ pixels }: Picture) => Array.from(pixels).filter((_, i) => mask!.pixels[i] === 0);
      expect(outside(edited!)).toEqual(outside(photo!));
    }
  });

  test('after equal steps steering keeps more of the photo, and not by leaving the concept out', () => {
    expect(meanOf('steered', distance)).toBeLessThan(0.75 * meanOf('dds-sm', distance));
    expect(meanOf('steered', 'ssim')).toBeGreaterThan(meanOf('dds-sm', 'ssim'));
    const unedited = rowOf('steered').curve[0]!.means['clip-i-subject']!;
    const gained = (variant: string) => meanOf(variant, 'clip-i-subject') - unedited;
    expect(gained('steered')).toBeGreaterThan(0.5 * gained('dds-sm'));
  });

  test('steered edits are nearer to the right ones, which unsteered ones are not', () => {
    const wrong = 'oracle-subject-l1';
    const unedited = rowOf('steered').curve[0]!.means[wrong]!;
    expect(meanOf('steered', wrong)).toBeLessThan(0.9 * unedited);
    expect(meanOf('steered', wrong)).toBeLessThan(0.9 * meanOf('dds-sm', wrong));
    // At equal concept similarity, case by case, with an interval that leaves out 0; the table compares with the steered.
    const { paired } = rowOf('dds-sm').equal.find(({ figure }) => figure === wrong)!;
    expect(paired!.difference.interval!.low).toBeGreaterThan(0);
  });

  test('with both losses more of the photo is kept than with mode shifting alone', () => {
    expect(meanOf('steered', distance)).toBeLessThan(meanOf('without-edsd', distance));
  });

  test('Jacobian +I keeps least of the photo', () => {
    for (const other of ['steered', 'without-edsd', 'without-mode-shifting']) {
      expect(meanOf('jacobian-plus', distance)).toBeGreaterThan(meanOf(other, distance));
    }
  });

  test('EDSD alone traps: the photo changes least, and shows least of the concept', () => {
    for (const other of ['steered', 'without-edsd', 'dds-sm']) {
      expect(meanOf('without-mode-shifting', distance)).toBeLessThan(meanOf(other, distance));
      expect(meanOf('without-mode-shifting', 'clip-i-subject')).toBeLessThan(meanOf(other, 'clip-i-subject'));
    }
  });
});
