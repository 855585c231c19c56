import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { flatten, type NdArray } from '../../../src/engine/index.ts';
import {
  type MatchedLora,
  matchLora,
  mergeLora,
  openLora,
  unmergeLora,
} from '../../../src/files/checkpoints/index.ts';
import { compareArrays, read, tolerances } from '../model-folder.ts';
import { compareNumbers, type ParityResult } from '../parity-result.ts';
import type { BaseModels } from './base-models.ts';

/** Whose outputs a folder must have, where it has none of its own: the same weights stand under several names. */
const sameAs: Readonly<Record<string, string>> = {
  lora_diffusers_old_unet_only: 'lora_diffusers',
  lora_peft_keys: 'lora_diffusers',
};

/** Merged at each scale, the UNet's and the text encoder's outputs; all layers found; merging taken back. */
export async function* compareLoras(base: BaseModels): AsyncGenerator<ParityResult> {
  const folders = readdirSync(base.folder).filter((name) => name.startsWith('lora_'));
  if (folders.length === 0) throw new Error('comparePersonalization: there is no folder lora_…');
  for (const folder of folders.sort()) {
    for (const file of readdirSync(join(base.folder, folder)).sort()) {
      const path = join(base.folder, folder, file);
      yield* compareLora(path, `${folder}/${file}`, sameAs[folder] ?? folder, base);
    }
  }
}

async function* compareLora(
  path: string,
  name: string,
  expected: string,
  base: BaseModels,
): AsyncGenerator<ParityResult> {
  const file = await openLora(path);
  try {
    const lora = matchLora(file, {
      unet: new Map(flatten<NdArray>(base.unet.parameters)),
      textEncoder: new Map(flatten<NdArray>(base.text.parameters)),
    });
    const strays = lora.unmatched.length + file.unknownKeys.length;
    yield compareNumbers(`${name}: keys without a place`, [strays], [0], tolerances.exact);
    yield* compareOutputs(lora, name, expected, base);
  } finally {
    await file.close();
  }
}

async function* compareOutputs(
  lora: MatchedLora,
  name: string,
  expected: string,
  base: BaseModels,
): AsyncGenerator<ParityResult> {
  const outputs = [...base.golden.keys()].filter((each) => each.startsWith(`${expected}.output_scale`));
  if (outputs.length === 0) throw new Error(`comparePersonalization: no output of ${expected} is known`);
  for (const key of outputs) {
    const scale = Number(key.slice(`${expected}.output_scale`.length));
    const merged = await mergeLora(base.unet.parameters, lora.unet, scale);
    const output = await base.runUnet(merged.parameters);
    yield compareArrays(`${name}: ${key}`, output, read(base.golden, key), tolerances.output);
    const unmerged = flatten<NdArray>(unmergeLora(merged.parameters, merged.originals));
    const originals = new Map(flatten<NdArray>(base.unet.parameters));
    const differing = unmerged.filter(([path, array]) => originals.get(path) !== array).length;
    yield compareNumbers(`${name}: weights that differ when unmerged`, [differing], [0], tolerances.exact);
  }
  if (lora.textEncoder.size === 0) return;
  const key = `${expected}.text_last_hidden_state`;
  const { parameters } = await mergeLora(base.text.parameters, lora.textEncoder);
  const output = await base.runText(parameters, read(base.golden, 'lora.text_input_ids'));
  yield compareArrays(`${name}: ${key}`, output, read(base.golden, key), tolerances.output);
}
