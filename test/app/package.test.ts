import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const node = (cwd: string, ...typed: readonly string[]) =>
  promisify(execFile)(process.execPath, [...typed], { cwd });

/** A project that has the package as it would be installed, without its sources. Inside the checkout, for its dependencies. */
let project = '';
beforeAll(async () => {
  await mkdir(join(root, 'out'), { recursive: true });
  project = await mkdtemp(join(root, 'out', 'project-'));
  const installed = join(project, 'installed');
  await node(root, compiler, '-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist'));
  for (const path of ['package.json', 'bin'])
    await cp(join(root, path), join(installed, path), { recursive: true });
  await mkdir(join(project, 'node_modules'));
  await symlink(installed, join(project, 'node_modules', 'dreamsteerer'));
  await writeFile(join(project, 'package.json'), '{ "name": "project", "type": "module" }');
}, 120_000);
afterAll(() => rm(project, { recursive: true }));

describe('the built package', () => {
  test('can be imported, with all its parts', async () => {
    await writeFile(
      join(project, 'use.js'),
      `import { completeTask, taskNames } from 'dreamsteerer';
       import { openDevice } from 'dreamsteerer/engine';
       import { clipText } from 'dreamsteerer/networks/clip';
       import { openCheckpoint } from 'dreamsteerer/files/checkpoints';
       import { samplerNames } from 'dreamsteerer/methods/diffusion';
       const device = await openDevice('cpu');
       await device.close();
       console.log(taskNames.includes('generate'), [completeTask, clipText, openCheckpoint].every((each) => typeof each === 'function'), samplerNames.length > 0);`,
    );
    const { stdout } = await node(project, 'use.js');
    expect(stdout).toBe('true true true\n');
  });

  test('has types', async () => {
    await writeFile(
      join(project, 'use.ts'),
      `import { completeTask, type TaskResult } from 'dreamsteerer';
       import type { Device } from 'dreamsteerer/engine';
       export const make = async (): Promise<TaskResult<'generate'>> => completeTask('generate', { prompt: 'cat' });
       export const nameOf = (device: Device): string => device.name;
       // @ts-expect-error a prompt is needed
       export const wrong = () => completeTask('generate', {});`,
    );
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
    await node(project, compiler, ...options, ...types, '--target', 'es2022', 'use.ts');
  });

  test('has a command that runs what was built', async () => {
    const { stdout } = await node(project, 'node_modules/dreamsteerer/bin/dreamsteerer.js', '--help');
    expect(stdout).toContain('Usage: dreamsteerer');
  });
});
