import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStableDiffusion } from '../../scripts/random-stable-diffusion.ts';
import { writeDiffusersFolder } from '../../src/files/checkpoints/index.ts';
import type { Measure } from '../measure.ts';
import { steeredSubsets } from '../steered-subsets.ts';

/**
 * Peak memory of a step of steering at SD-1.5's size for each subset of parameters that can be steered, each in a
 * process of its own, beside what is estimated before a run, which counts the sampling of guided images, too. All of
 * DreamBooth needs 21 GiB free.
 */
export const steeringMemory: Measure = async function* () {
  const parent = mkdtempSync(join(tmpdir(), 'dreamsteerer-steering-memory-'));
  try {
    const folder = join(parent, 'model');
    await writeDiffusersFolder(folder, randomStableDiffusion(1));
    const program = fileURLToPath(new URL('../programs/steering-memory.ts', import.meta.url));
    for (const name of Object.keys(steeredSubsets)) {
      const { status, signal, stdout } = spawnSync(
        process.execPath,
        ['--import', 'tsx', program, folder, name],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
      );
      if (status !== 0) {
        yield { name, value: Number.NaN, unit: 'GiB', remark: `ended by ${signal ?? `exit ${status}`}` };
        continue;
      }
      const { seconds, peakGiB, estimatedGiB, stage } = JSON.parse(stdout) as SteeringMemory;
      yield {
        name,
        value: peakGiB,
        unit: 'GiB',
        remark: `estimated ${estimatedGiB.toFixed(1)} (${stage}); first step after ${seconds.toFixed(0)} s`,
      };
    }
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};

interface SteeringMemory {
  readonly seconds: number;
  readonly peakGiB: number;
  readonly estimatedGiB: number;
  /** That the estimate takes for the largest. */
  readonly stage: string;
}
