import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measure } from '../measure.ts';

/**
 * What encoding and decoding two pictures takes beyond the weights of SD-1.5's autoencoder, each in a process of its
 * own. Estimates of memory are calibrated by it.
 */
export const autoencoderMemory: Measure = async function* () {
  const program = fileURLToPath(new URL('../programs/autoencoder-memory.ts', import.meta.url));
  for (const direction of ['decode', 'encode']) {
    for (const side of ['512', '768', '1024']) {
      const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', program, direction, side], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${direction} at ${side} failed`);
      const { beforeGiB, peakGiB } = JSON.parse(stdout) as { beforeGiB: number; peakGiB: number };
      const remark = side === '1024' ? 'in tiles' : 'as a whole';
      yield { name: `${direction}, ${side} x ${side}`, value: peakGiB - beforeGiB, unit: 'GiB', remark };
    }
  }
};
