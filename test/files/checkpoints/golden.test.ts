import { expect, test } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import type { ParityResult } from '../../parity/parity-result.ts';
import { comparePersonalization } from '../../parity/personalization.ts';

describeGolden('checkpoints, as the reference reads them', () => {
  test('every file and every output', async () => {
    const results: ParityResult[] = [];
    for await (const result of comparePersonalization(goldenPath('personalization'))) results.push(result);
    expect(results.length).toBeGreaterThan(1000);
    expect(results.filter(({ pass }) => !pass)).toEqual([]);
  }, 240_000);
});
