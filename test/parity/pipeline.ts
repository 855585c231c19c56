import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { flatten, type NdArray, openDevice, randomKey, type Tree } from '../../src/engine/index.ts';
import {
  guidedContext,
  holdModel,
  parseSchedulerConfig,
  readScheduler,
  sampleImages,
} from '../../src/methods/diffusion/index.ts';
import { compareArrays, type ModelKind, read, readModel } from './model-folder.ts';
import type { ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

const tolerance = 1e-3;

/**
 * Compares text-to-image from given latents with diffusers' StableDiffusionPipeline: the models are those beside the
 * folder (unet_sd1, vae, clip_text), the scheduler its own; guidance 7.5.
 */
export async function* comparePipeline(folder: string): AsyncGenerator<ParityResult> {
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  const part = <K extends ModelKind>(kind: K, name: string) => {
    const { config, parameters } = readModel(kind, join(dirname(folder), name));
    return { config, parameters: lazily(parameters) };
  };
  const device = await openDevice('cpu');
  try {
    const model = await holdModel(device, {
      unet: part('unet', 'unet_sd1'),
      vae: part('vae', 'vae'),
      textEncoder: part('clipText', 'clip_text'),
    });
    const ids = read(golden, 'input_ids_prompt_then_empty');
    const context = await guidedContext(model, ids, 1);
    yield compareArrays('prompt_embeds', context, read(golden, 'prompt_embeds'), tolerance);

    const steps = read(golden, 'latents_after_each_step');
    const size = steps.data.length / steps.shape[0]!;
    const scheduler = readScheduler(
      parseSchedulerConfig(readFileSync(join(folder, 'scheduler_config.json'), 'utf8')),
    );
    const start = read(golden, 'latents') as NdArray<'float32'>;
    const events = sampleImages(model, {
      context,
      guidanceScale: 7.5,
      scheduler,
      steps: steps.shape[0]!,
      key: randomKey(0),
      start: { kind: 'latents', latents: start },
    });
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      const { step, latents } = next.value;
      const data = (steps.data as Float32Array).subarray(step * size, (step + 1) * size);
      yield compareArrays(`latents after step ${step + 1}`, latents, { ...latents, data }, tolerance);
    }
    yield compareArrays('decoded', next.value.images, read(golden, 'decoded'), tolerance);
  } finally {
    await device.close();
  }
}

const lazily = (tree: Tree<NdArray>) =>
  new Map(
    flatten<NdArray>(tree).map(([path, array]) => [path, { ...array, read: async () => array }] as const),
  );
