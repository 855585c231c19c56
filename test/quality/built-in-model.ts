import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { defaultContext } from '../../src/app/tasks/default-context.ts';

/** Tests of quality need the built-in model; without it they are skipped, and say so. */
export const describeBuiltIn = (title: string, tests: () => void): void => {
  const { builtInModel } = defaultContext();
  if (existsSync(builtInModel)) describe(title, tests);
  else describe.skip(`${title} (skipped: no built-in model in ${builtInModel})`, tests);
};
