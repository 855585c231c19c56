import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { NdArray } from '../../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../files/checkpoints/index.ts';
import {
  drawingOf,
  type EncodedScenes,
  type EncodingEvent,
  encodeScenes,
  measureScalingFactor,
  pictureStore,
} from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import { type Encoder, fingerprint, fingerprintOf, parametersOf } from './foundations.ts';
import type { TrainingSetting } from './start-training.ts';
import { json, readJson } from './training-folder.ts';

/**
 * The first training scenes under an encoder that later trainings do not change: encoded once, then kept in the folder
 * under a fingerprint of the encoder and of the world, in the place of what was encoded under others.
 */
export async function* encodedScenes(
  { device, networks, folder }: TrainingSetting,
  encoder: Encoder,
  count: number,
): AsyncGenerator<EncodingEvent, EncodedScenes> {
  const name = `encoded.${await fingerprintOf(folder, encoder)}.${await worldFingerprint()}.safetensors`;
  if (await isThere(folder.path(name))) {
    const kept = (await readTrainingState(folder.path(name))) as EncodedScenes;
    if (kept.mean.shape[0]! >= count) return kept;
  }
  const vae = await parametersOf(folder, encoder);
  const pictures = pictureStore('training', networks.vae.sampleSize, 'draw again');
  const options = { count, batchSize: ENCODED_AT_A_TIME };
  const encoded = yield* encodeScenes(device, networks.vae, vae, pictures, options);
  await writeTrainingState(folder.path(name), encoded);
  for (const other of await readdir(folder.path('.'))) {
    if (other.startsWith('encoded.') && other !== name) await rm(folder.path(other));
  }
  return encoded;
}

/** Pictures at a time. */
const ENCODED_AT_A_TIME = 8;

/** Of the drawings of scenes enough to show every kind of thing many times, and of a few as they are rasterised. */
async function worldFingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (let scene = 0; scene < 256; scene++) hash.update(drawingOf('training', scene));
  const rasterised: NdArray = await pictureStore('training', 64, 'draw again').read([0, 1, 2, 3]);
  return fingerprint([[hash.digest('hex'), rasterised]]);
}

/**
 * What the UNet's latents are multiplied by: that of a given model if its encoder is used, else measured; then kept as
 * long as the encoder stays.
 */
export async function* scalingFactorOf(setting: TrainingSetting): AsyncGenerator<EncodingEvent, number> {
  const { folder, recipe } = setting;
  const path = folder.path('latents.json');
  const encoder = await fingerprintOf(folder, 'encoder');
  const kept = await readJson(path, latentsSchema);
  if (kept?.encoder === encoder) return kept.scalingFactor;
  const count = recipe.scalingScenes;
  const scalingFactor =
    (await folder.givenScalingFactor()) ??
    measureScalingFactor(yield* encodedScenes(setting, 'encoder', count), count);
  await folder.write('latents.json', json({ encoder, scalingFactor }));
  return scalingFactor;
}

const latentsSchema = z.object({ encoder: z.string(), scalingFactor: z.number().positive() });
