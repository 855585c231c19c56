import { createHash } from 'node:crypto';
import { bytesOf, readArray } from '../../formats/lazy-array.ts';
import type { WritableModel } from '../stable-diffusion.ts';

/**
 * SHA-256 of what a concept is learned on: names, types, shapes and bytes of the UNet's and the text encoder's
 * parameters as they are stored, in the order of their names. Reads them all once.
 * @returns 64 hexadecimal digits
 */
export async function hashModel(model: Pick<WritableModel, 'unet' | 'textEncoder'>): Promise<string> {
  const hash = createHash('sha256');
  for (const network of ['unet', 'textEncoder'] as const) {
    const sorted = [...model[network].parameters].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, source] of sorted) {
      hash.update(`${network} ${name} ${source.dtype} ${source.shape.join()}\n`);
      hash.update(bytesOf(await readArray(source)));
    }
  }
  return hash.digest('hex');
}
