import { describe, expect, test } from 'vitest';
import type { TableSummary } from '../../../src/app/benchmark/report/summarize.ts';
import { tinyBench } from './tiny-bench.ts';

const { run, reportOf, editOf } = tinyBench();

// bench.slow.test.ts runs all suites, and learns by every method.
describe('bench', () => {
  test('learns, steers, edits, measures and reports, and does nothing twice', async () => {
    const methods = ['steered', 'dds-sm-true-mask', 'dds-sm'];
    const asked = { baselines: ['lora'], suites: ['ablation'], methods };
    const { result, events } = await run('out', asked);
    expect(result.jobs).toMatchObject({ jobs: 8, done: 8, failed: [] });
    expect(events.filter(({ kind }) => kind === 'file')).toHaveLength(4);
    const { tables } = await reportOf('out');
    expect(tables[0].rows.map(({ variant }: { variant: string }) => variant)).toEqual(methods);
    // PSNR of the unedited source would be infinite.
    const [unedited, edited] = tables[0].rows[0].curve;
    expect(unedited.means).not.toHaveProperty('background-psnr');
    expect(edited.means).toHaveProperty('background-psnr');
    const [{ autoencoder, learningPeakBytes, rows }] = tables;
    for (const bytes of [
      learningPeakBytes,
      ...rows.map(({ cost }: TableSummary['rows'][number]) => cost.peakBytes),
    ]) {
      expect(bytes).toBeGreaterThan(2 ** 20);
    }
    expect(autoencoder['background-psnr']).toBeLessThan(60);
    expect(autoencoder).not.toHaveProperty('mask-iou');
    const again = await run('out', asked);
    expect(again.result.jobs).toMatchObject({ alreadyDone: 8, failed: [] });
    expect((await reportOf('out')).tables).toEqual(tables);
  }, 240_000);

  test('found and true masks have equal edges: they reach beyond the subject', async () => {
    const [automatic, given] = [await editOf('out', 'dds-sm'), await editOf('out', 'dds-sm-true-mask')];
    // The true mask is the left 8 of 16 columns; a latent cell has 2 pixels, by which it grows and over which it fades.
    const levels = (await given('mask.png')).pixels.filter((_, index) => index % 3 === 0).slice(0, 16);
    expect([...levels]).toEqual([...Array(10).fill(255), 128, ...Array(5).fill(0)]);
    const [region, mask] = [await automatic('region.png'), await automatic('mask.png')];
    expect(mask.pixels.filter((value) => value > 0).length).toBeGreaterThan(
      region.pixels.filter((value) => value > 0).length,
    );
  });

  test.each([
    [{ shard: '3/2' }, /shard: expected a part of a whole such as 2\/4, got "3\/2"/],
    [
      { baselines: ['dreamboth'] },
      /baselines: there is no baseline "dreamboth"; there are textual-inversion/,
    ],
    [{ settings: 'nowhere.json' }, /nowhere.json: cannot be read/],
    [{ suites: ['main'], methods: ['injection'] }, /nothing of that is asked for/],
  ] as const)('refuses %j', async (parameters, message) => {
    await expect(run('refused', parameters as object)).rejects.toThrow(message);
  });
});
