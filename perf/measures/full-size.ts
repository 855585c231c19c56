import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStableDiffusion } from '../../scripts/random-stable-diffusion.ts';
import { writeDiffusersFolder } from '../../src/files/checkpoints/index.ts';
import type { Measure } from '../measure.ts';

/**
 * Loading a float16 folder of SD-1.5's size and making a 512x512 picture in two steps, in a process of its own. The
 * folder (2 GB, random weights) is written before and removed after.
 */
export const fullSize: Measure = async function* () {
  const parent = mkdtempSync(join(tmpdir(), 'dreamsteerer-full-size-'));
  try {
    const folder = join(parent, 'model');
    const start = performance.now();
    await writeDiffusersFolder(folder, randomStableDiffusion(1));
    yield { name: 'writing the folder', value: (performance.now() - start) / 1000, unit: 's' };
    const program = fileURLToPath(new URL('../programs/full-size.ts', import.meta.url));
    const args = ['--import', 'tsx', program, folder];
    const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as FullSizeResult;
    for (const [part, runs] of Object.entries(result.seconds)) {
      const remark =
        runs.length > 1 ? `first ${runs[0]!.toFixed(2)} s, then ${runs[1]!.toFixed(2)} s` : undefined;
      yield { name: part, value: Math.min(...runs), unit: 's', ...(remark && { remark }) };
    }
    for (const [part, gibibytes] of Object.entries(result.peakGiB)) {
      yield { name: `peak memory until after: ${part}`, value: gibibytes, unit: 'GiB' };
    }
    if (!result.finite) throw new Error('full-size: the picture has values that are not finite');
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};

interface FullSizeResult {
  readonly seconds: Readonly<Record<string, readonly number[]>>;
  readonly peakGiB: Readonly<Record<string, number>>;
  readonly finite: boolean;
}
