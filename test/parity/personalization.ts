import { openDevice } from '../../src/engine/index.ts';
import { compareArrays, read, tolerances } from './model-folder.ts';
import type { ParityResult } from './parity-result.ts';
import { loadBaseModels } from './personalization/base-models.ts';
import { compareCustomDiffusion } from './personalization/custom-diffusion.ts';
import { compareEmbeddings } from './personalization/embeddings.ts';
import { compareLoras } from './personalization/loras.ts';
import { compareLossGradients } from './personalization/loss-gradients.ts';
import { compareSingleFiles } from './personalization/single-file.ts';

/**
 * Compares a personalization folder (embeddings, Custom Diffusion, LoRA, single files; outputs in
 * golden.safetensors) with what we make of its files, and the gradients of what each method learns, on the models in the folders beside it: `unet_sd1`,
 * `clip_text`, `clip_text_gelu_sd2` and `vae`.
 */
export async function* comparePersonalization(folder: string): AsyncGenerator<ParityResult> {
  const device = await openDevice('cpu');
  try {
    const base = loadBaseModels(device, folder);
    const plain = read(base.golden, 'base_output');
    const output = await base.runUnet(base.unet.parameters);
    yield compareArrays('base_output', output, plain, tolerances.output);
    yield* compareEmbeddings(base, device);
    yield* compareCustomDiffusion(base);
    yield* compareLoras(base);
    yield* compareLossGradients(base, device);
    yield* compareSingleFiles(base, device);
  } finally {
    await device.close();
  }
}
