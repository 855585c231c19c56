import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { TableSummary } from '../../src/app/benchmark/report/summarize.ts';
import { readPicture } from '../../src/files/images/index.ts';
import { completeTask } from '../../src/index.ts';
import { temporaryFolder } from '../files/formats/temporary-folder.ts';
import { describeBuiltIn } from './built-in-model.ts';

const folder = temporaryFolder();

/** Twelve pairs of different concepts, DreamBooth, the built-in benchmark's own settings: about half an hour. */
describeBuiltIn('on twelve pairs of the built-in benchmark', () => {
  const out = folder.path('out');
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
    const results = join(out, 'results');
    let edits = 0;
    for (const name of await readdir(results)) {
      const files = await readdir(join(results, name));
      if (!files.includes('mask.png')) continue;
      edits++;
      const mask = await readPicture(join(results, name, 'mask.png'));
      const steps = files.filter((file) => /^step-\d+\.png$/.test(file)).sort();
      // All edits of a picture have the same mask, so what is outside it is the same from the first step on.
      const [first, last] = await Promise.all(
        [steps[0]!, steps.at(-1)!].map((file) => readPicture(join(results, name, file))),
      );
      const outside = (pixels: ArrayLike<number>) =>
        Array.from(pixels).filter((_, i) => mask.pixels[i] === 0);
      expect(outside(last!.pixels)).toEqual(outside(first!.pixels));
    }
    expect(edits).toBe(5 * 12);
  });

  test('steering keeps more of the photo', () => {
    expect(meanOf('steered', distance)).toBeLessThan(meanOf('dds-sm', distance));
    expect(meanOf('steered', 'ssim')).toBeGreaterThan(meanOf('dds-sm', 'ssim'));
  });

  test('EDSD alone traps: the photo changes least, and shows least of the concept', () => {
    for (const other of ['steered', 'without-edsd', 'dds-sm']) {
      expect(meanOf('without-mode-shifting', distance)).toBeLessThan(meanOf(other, distance));
      expect(meanOf('without-mode-shifting', 'clip-i-subject')).toBeLessThan(meanOf(other, 'clip-i-subject'));
    }
  });
});
