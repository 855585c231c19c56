import { expect, test } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import { compareMetrics } from '../../parity/metrics.ts';
import type { ParityResult } from '../../parity/parity-result.ts';

describeGolden('LPIPS, SSIM, MS-SSIM and PSNR against the original code', () => {
  test('every case lies within its tolerance', async () => {
    const results: ParityResult[] = [];
    for await (const result of compareMetrics(goldenPath('metrics'))) results.push(result);
    expect(results.length).toBeGreaterThan(60);
    expect(results.filter((result) => !result.pass)).toEqual([]);
  }, 120_000);
});
