import { createHash } from 'node:crypto';
import { flatten, type NdArray, type Tree } from '../../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../files/checkpoints/index.ts';
import { type EncodedScenes, encodeScenes, pictureStore, sceneAt } from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import type { TrainingSetting } from './start-training.ts';
import { averagesOf } from './training-folder.ts';

/**
 * The first training scenes under the encoder, which no later training changes: encoded once, then kept in the folder
 * under a fingerprint of the encoder and of the world.
 */
export async function encodedScenes(
  { device, networks, folder }: TrainingSetting,
  count: number,
): Promise<EncodedScenes> {
  const vae = await averagesOf(folder, 'vae');
  const file = folder.path(`encoded.${fingerprint(vae)}.safetensors`);
  if (await isThere(file)) {
    const kept = (await readTrainingState(file)) as EncodedScenes;
    if (kept.mean.shape[0]! >= count) return kept;
  }
  const pictures = pictureStore('training', networks.vae.sampleSize, 'draw again');
  const options = { count, batchSize: ENCODED_AT_A_TIME };
  const encoded = await encodeScenes(device, networks.vae, vae, pictures, options);
  await writeTrainingState(file, encoded);
  return encoded;
}

/** Pictures at a time. */
const ENCODED_AT_A_TIME = 8;

function fingerprint(vae: Tree<NdArray>): string {
  const hash = createHash('sha256');
  for (let scene = 0; scene < 16; scene++) hash.update(JSON.stringify(sceneAt('training', scene)));
  for (const [path, { data }] of flatten<NdArray>(vae)) {
    if (!/^(encoder|quant_conv)\./.test(path)) continue;
    hash.update(path).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex').slice(0, 12);
}
