import { expect, it } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import type { ParityResult } from '../../parity/parity-result.ts';
import { comparePipeline } from '../../parity/pipeline.ts';

describeGolden('Text-to-image from given latents', () => {
  it("gives the latents and the picture of diffusers' pipeline", async () => {
    const results: ParityResult[] = [];
    for await (const result of comparePipeline(goldenPath('pipeline'))) results.push(result);
    expect(results.filter(({ pass }) => !pass)).toEqual([]);
    expect(results).toHaveLength(8);
  }, 120_000);
});
