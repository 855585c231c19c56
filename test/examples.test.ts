import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from '../scripts/source-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = sourceFiles('examples');

/** What each example must print. An example without an entry fails. */
const printed: Readonly<Record<string, RegExp>> = {
  'examples/01-differentiate-a-function.ts': /loss {2}1\.0795[\s\S]*-0\.276/,
  'examples/02-train-a-small-network.ts': /step 300: loss 0\.0\d/,
  'examples/03-look-at-a-gradient.ts': /softmax\(%5\) @ attention[\s\S]*return %12/,
  'examples/04-run-a-task.ts': /Trying cpu …[\s\S]*cpu works[\s\S]*count: a whole number from 1 to 10000/,
  'examples/05-edit-a-picture.ts': /look at .*sheet\.png|built-in model .* is not part of this installation/,
};

describe.each(examples)('$path', ({ path, text }) => {
  test('runs and prints what it should', async () => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', path], { cwd: root });
    expect(stdout).toMatch(printed[path]!);
  }, 300_000);

  test('is at most 30 lines long', () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });
});
