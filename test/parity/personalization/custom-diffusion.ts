import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  applyCustomDiffusion,
  openCustomDiffusion,
  readEmbedding,
} from '../../../src/files/checkpoints/index.ts';
import { compareArrays, read, tolerances } from '../model-folder.ts';
import { compareNumbers, type ParityResult } from '../parity-result.ts';
import type { BaseModels } from './base-models.ts';

/** Files of Custom Diffusion: the UNet's output with their weights in place, and the tokens beside them. */
export async function* compareCustomDiffusion(base: BaseModels): AsyncGenerator<ParityResult> {
  const folders = readdirSync(base.folder).filter((name) => name.startsWith('custom_diffusion'));
  if (folders.length === 0) throw new Error('comparePersonalization: there is no folder custom_diffusion…');
  for (const folder of folders.sort()) {
    for (const file of readdirSync(join(base.folder, folder)).sort()) {
      const isWeights = file.startsWith('pytorch_custom_diffusion_weights.');
      if (isWeights) yield* compareWeights(base, folder, file);
      else if (file.startsWith('<')) yield await compareTokens(base, folder, file);
    }
  }
}

async function* compareWeights(base: BaseModels, folder: string, name: string): AsyncGenerator<ParityResult> {
  const file = await openCustomDiffusion(join(base.folder, folder, name));
  try {
    const strays = file.unknownKeys.length;
    yield compareNumbers(`${folder}/${name}: keys without a place`, [strays], [0], tolerances.exact);
    const output = await base.runUnet(await applyCustomDiffusion(base.unet.parameters, file.replacements));
    const expected = read(base.golden, `${folder}.output`);
    yield compareArrays(`${folder}/${name}: output`, output, expected, tolerances.output);
  } finally {
    await file.close();
  }
}

/** `<new1>.bin` is a torch file, and `safe/<new1>.bin` the same as safetensors: they must say the same. */
async function compareTokens(base: BaseModels, folder: string, file: string): Promise<ParityResult> {
  const [embedding] = (await readEmbedding(join(base.folder, folder, file))).embeddings;
  const safe = join(base.folder, folder, 'safe', file);
  const other = existsSync(safe) ? (await readEmbedding(safe)).embeddings[0]! : embedding!;
  const named = [embedding, other].every((each) => `${each?.token}.bin` === file);
  if (!named) throw new Error(`${folder}/${file}: its token is ${embedding?.token}`);
  return compareArrays(`${folder}/${file}: vectors`, other.vectors, embedding!.vectors, tolerances.exact);
}
