import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

/**
 * Values computed by the reference implementations in Python. They are too large for the repository: a folder
 * beside it has them, or the one that GOLDEN_DIR names.
 */
const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL('../../shared/golden', import.meta.url));

export const goldenPath = (...path: readonly string[]): string => join(folder, ...path);

/** Tests that need the golden values; without them they are skipped, and say so. */
export const describeGolden = (title: string, tests: () => void): void => {
  if (existsSync(folder)) describe(title, tests);
  else describe.skip(`${title} (skipped: no golden values, name their folder in GOLDEN_DIR)`, tests);
};
