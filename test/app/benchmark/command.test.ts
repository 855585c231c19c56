import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();
const bin = fileURLToPath(new URL('../../../bin/dreamsteerer.js', import.meta.url));
const dreamsteerer = (...typed: string[]) =>
  spawnSync(process.execPath, [bin, ...typed], { encoding: 'utf8' });

test('bench has commands below it, whose flags are theirs', () => {
  const drawn = dreamsteerer('bench', 'init', folder.path('cats'), '--one-shot', '--size', '32', '--json');
  expect(drawn.stderr).toBe('');
  expect(JSON.parse(drawn.stdout.trim().split('\n').at(-1)!)).toMatchObject({
    kind: 'result',
    result: { concepts: 10, sources: 20, pairs: 20 },
  });
  const refused = dreamsteerer('bench', folder.path('nothing.json'));
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/nothing\.json: cannot be read \(ENOENT\); name a manifest, or write one/);
  expect(dreamsteerer('bench', 'report', folder.path('cats')).stderr).toMatch(/holds no benchmark/);
}, 60_000);
