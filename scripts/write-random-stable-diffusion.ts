/**
 * Writes a diffusers folder of Stable Diffusion 1.5's size (2 GB, float16) with random weights:
 *   tsx scripts/write-random-stable-diffusion.ts <folder> [seed]
 */
import { writeDiffusersFolder } from '../src/files/checkpoints/index.ts';
import { randomStableDiffusion } from './random-stable-diffusion.ts';

const [folder, seed = '1'] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('write-random-stable-diffusion: expected a folder to write and, if wanted, a seed');
}
await writeDiffusersFolder(folder, randomStableDiffusion(Number(seed)));
