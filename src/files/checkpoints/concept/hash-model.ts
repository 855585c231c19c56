import { createHash } from 'node:crypto';
import { bytesOf, readArray } from '../../formats/lazy-array.ts';
import type { WritableModel, WritablePart } from '../stable-diffusion.ts';

/** SHA-256 of what a concept is learned on: the parameters of the UNet and of the text encoder (`hashParameters`). */
export const hashModel = ({
  unet,
  textEncoder,
}: Pick<WritableModel, 'unet' | 'textEncoder'>): Promise<string> => hashParameters({ unet, textEncoder });

/**
 * SHA-256 of networks: names, types, shapes and bytes of their parameters as they are stored, in the order of their
 * names. Reads them all once.
 * @returns 64 hexadecimal digits
 */
export async function hashParameters(
  networks: Readonly<Record<string, Pick<WritablePart, 'parameters'>>>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const [network, { parameters }] of Object.entries(networks)) {
    const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, source] of sorted) {
      hash.update(`${network} ${name} ${source.dtype} ${source.shape.join()}\n`);
      hash.update(bytesOf(await readArray(source)));
    }
  }
  return hash.digest('hex');
}
