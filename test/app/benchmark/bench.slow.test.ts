import { describe, expect, test } from 'vitest';
import { suites } from '../../../src/app/benchmark/plan/variants.ts';
import { tinyBench } from './tiny-bench.ts';

const { run, reportOf } = tinyBench();

describe('bench', () => {
  test('edits in every way of its suites, measures and reports, and does nothing twice', async () => {
    const asked = { baselines: ['lora'], suites: ['main', 'ablation'] };
    const { result, events } = await run('lora', asked);
    expect(result.jobs.failed).toEqual([]);
    expect(result.edits).toBe(suites.main.variants.length + suites.ablation.variants.length);
    expect(events.filter(({ kind }) => kind === 'file')).toHaveLength(4);
    const { tables } = await reportOf('lora');
    for (const [place, suite] of (['main', 'ablation'] as const).entries()) {
      const { rows, figures } = tables[place];
      expect(rows.map(({ variant }: { variant: string }) => variant)).toEqual(suites[suite].variants);
      expect(figures).toEqual(
        expect.arrayContaining(['pocket-perceptual-distance', 'ssim', 'clip-i-subject', 'oracle-subject-l1']),
      );
      for (const { curve, cost } of rows) {
        expect(curve.map(({ step }: { step: number }) => step)).toEqual([0, 1, 2]);
        expect(curve[0].means).toMatchObject({ l1: 0, ssim: 1, 'pocket-perceptual-distance': 0 });
        expect(curve[2].means.l1).toBeGreaterThan(0);
        expect(cost.unetCalls).toBeGreaterThan(0);
      }
    }
    const again = await run('lora', asked);
    expect(again.result.jobs).toMatchObject({ alreadyDone: result.jobs.jobs, failed: [] });
    expect((await reportOf('lora')).tables).toEqual(tables);
  });

  test.each(['textual-inversion', 'dreambooth', 'custom-diffusion'])(
    'learns by %s, from one picture too, and steers',
    async (baseline) => {
      const { result } = await run(baseline, {
        baselines: [baseline],
        methods: ['steered'],
        suites: ['one-shot'],
      });
      expect(result.jobs).toMatchObject({ jobs: 4, done: 4, failed: [] });
    },
  );
});
