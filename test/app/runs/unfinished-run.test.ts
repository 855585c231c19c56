import { expect, test } from 'vitest';
import { openUnfinishedRun, type RunRequest } from '../../../src/app/runs/unfinished-run.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();
const request: RunRequest = { seed: 1, files: { vae: 'ab', pictures: ['cd'] } };

test.each<readonly [RunRequest, string]>([
  [{ ...request, seed: 2 }, 'seed 1, and now it is 2'],
  [{ ...request, files: { vae: 'ef', pictures: ['cd'] } }, 'files.vae "ab", and now it is "ef"'],
  [
    { ...request, files: { vae: 'ab', pictures: ['cd', 'ef'] } },
    'files.pictures ["cd"], and now it is ["cd","ef"]',
  ],
  [{ ...request, prediction: 'epsilon' }, 'prediction nothing, and now it is "epsilon"'],
])('a run is gone on with as it was begun, and not as %j', async (now, difference) => {
  const output = folder.path('out');
  await openUnfinishedRun({ output, request, begin: 'anew' });
  await expect(openUnfinishedRun({ output, request, begin: 'resume' })).resolves.toMatchObject({
    isResumed: true,
  });
  await expect(openUnfinishedRun({ output, request: now, begin: 'resume' })).rejects.toThrow(
    `the run there has ${difference}; go on with the same settings, or begin anew (--force)`,
  );
});
