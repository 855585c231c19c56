import { createHash } from 'node:crypto';
import { flatten, type NdArray, type Tree } from '../../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../files/checkpoints/index.ts';
import {
  type EncodedScenes,
  type EncodingEvent,
  encodeScenes,
  pictureStore,
} from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import type { TrainingSetting } from './start-training.ts';
import { averagesOf } from './training-folder.ts';

/**
 * The first training scenes under the encoder, which no later training changes: encoded once, then kept in the folder
 * under a fingerprint of the encoder and of the world.
 */
export async function* encodedScenes(
  { device, networks, folder }: TrainingSetting,
  count: number,
): AsyncGenerator<EncodingEvent, EncodedScenes> {
  const vae = await averagesOf(folder, 'vae');
  const file = folder.path(`encoded.${await fingerprint(vae)}.safetensors`);
  if (await isThere(file)) {
    const kept = (await readTrainingState(file)) as EncodedScenes;
    if (kept.mean.shape[0]! >= count) return kept;
  }
  const pictures = pictureStore('training', networks.vae.sampleSize, 'draw again');
  const options = { count, batchSize: ENCODED_AT_A_TIME };
  const encoded = yield* encodeScenes(device, networks.vae, vae, pictures, options);
  await writeTrainingState(file, encoded);
  return encoded;
}

/** Pictures at a time. */
const ENCODED_AT_A_TIME = 8;

async function fingerprint(vae: Tree<NdArray>): Promise<string> {
  const hash = createHash('sha256');
  const some = Array.from({ length: 16 }, (_, scene) => scene);
  const drawn = await pictureStore('training', 64, 'draw again').read(some);
  const arrays = flatten<NdArray>(vae).filter(([path]) => /^(encoder|quant_conv)\./.test(path));
  for (const [name, { data }] of [['pictures', drawn] as const, ...arrays]) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex').slice(0, 12);
}
