import { expect, it } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import { compareDds } from '../../parity/dds.ts';
import type { ParityResult } from '../../parity/parity-result.ts';

describeGolden('The delta denoising score', () => {
  it('has the gradients and takes the steps of the original code', async () => {
    const results: ParityResult[] = [];
    for await (const result of compareDds(goldenPath('dds'))) results.push(result);
    expect(results.filter(({ pass }) => !pass)).toEqual([]);
    expect(results).toHaveLength(2 * (3 * 9 + 4));
  }, 120_000);
});
