import { expect, test } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import type { ParityResult } from '../../parity/parity-result.ts';
import { compareSchedulers } from '../../parity/schedulers.ts';

describeGolden('Samplers and schedules against diffusers 0.21.4', () => {
  test('every case lies within its tolerance', async () => {
    const results: ParityResult[] = [];
    for await (const result of compareSchedulers(goldenPath('schedulers'))) results.push(result);
    expect(results.length).toBeGreaterThan(200);
    expect(results.filter((result) => !result.pass)).toEqual([]);
  });
});
