import { isFloating, toNumbers } from '../../../engine/arrays/index.ts';
import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import type { LazyArray } from '../../formats/lazy-array.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import { type LoraFile, type LoraLayer, type LoraLayout, rankOf } from './lora.ts';
import { type LoraKey, parseLoraKey } from './lora-keys.ts';

/**
 * Opens a LoRA file of diffusers (with and without networks' names), PEFT or kohya's scripts, .bin or .safetensors.
 * @throws FormatError if it holds no layer, a half of one, or another kind of update (LoHa, LoKr, DoRA, Tucker, OFT,
 * GLoRA, IA3, whole differences): what is left out would change the picture without a word
 */
export async function openLora(path: string): Promise<LoraFile> {
  const file = await openArrays(path);
  try {
    return await loraOf(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

export const isLora = (file: ArrayFile): boolean =>
  [...file.arrays.keys()].some(
    (key) => parseLoraKey(key) !== undefined || otherKinds.some(([part]) => part.test(key)),
  );

/** The same of a file that is open; on an error the caller closes it. */
export const loraOf = (file: ArrayFile): Promise<LoraFile> =>
  locate(file.name, async () => {
    refuseOtherKinds(file.arrays.keys());
    const { parts, unknownKeys, layouts } = collect(file);
    if (parts.size === 0) {
      throw new FormatError(
        `has no key of a LoRA; it has ${[...file.arrays.keys()].slice(0, 3).map(quote).join(', ')}; open it as what it is`,
      );
    }
    const layers: LoraLayer[] = [];
    for (const [name, part] of parts) layers.push(await layerOf(name, part));
    return {
      name: file.name,
      layout: layouts.has('peft') ? 'peft' : layouts.has('kohya') ? 'kohya' : 'diffusers',
      layers,
      unknownKeys,
      metadata: file.metadata,
      close: file.close,
    };
  });

const otherKinds: readonly (readonly [part: RegExp, kind: string])[] = [
  [/\.hada_w/, 'a LoHa (products of two low-rank updates)'],
  [/\.lokr_w/, 'a LoKr (Kronecker products)'],
  [/\.dora_scale$|lora_magnitude_vector/, 'a DoRA (with magnitudes of its own)'],
  [/\.lora_mid\.weight$/, 'a LoCon in Tucker form (lora_mid)'],
  [/\.(diff|diff_b|set_weight|w_norm|b_norm)(\.weight)?$/, 'a LoRA beside whole differences of weights'],
  [/\.(lora_B|lora_up)(\.default)?\.bias$/, 'a LoRA with biases'],
  [/\.oft_(blocks|diag|R)/, 'an OFT (rotations)'],
  [/\.[ab][12]\.weight$/, 'a GLoRA (updates of the input too)'],
  [/\.on_input$/, 'an IA3 (factors of activations)'],
  [/^bundle_emb\./, 'a LoRA with embeddings in the same file'],
  [/^lora_te[12]_/, 'a LoRA for Stable Diffusion XL'],
];

function refuseOtherKinds(keys: Iterable<string>): void {
  for (const key of keys) {
    const found = otherKinds.find(([part]) => part.test(key));
    if (found !== undefined) {
      throw new FormatError(
        `key ${quote(key)}: is ${found[1]}, which is not read; merge it with its own tool`,
      );
    }
  }
}

type Parts = { -readonly [R in LoraKey['role']]?: LazyArray } & Pick<LoraKey, 'network' | 'module'>;

function collect({ arrays }: ArrayFile) {
  const parts = new Map<string, Parts>();
  const unknownKeys: string[] = [];
  const layouts = new Set<LoraLayout>();
  for (const [key, array] of arrays) {
    const parsed = parseLoraKey(key);
    if (parsed === undefined) {
      unknownKeys.push(key);
      continue;
    }
    const { network, module, role, layout } = parsed;
    const name = `${network} ${module}`;
    const part: Parts = parts.get(name) ?? { network, module };
    if (part[role] !== undefined)
      throw new FormatError(`key ${quote(key)}: is there twice in two spellings; remove one`);
    part[role] = array;
    parts.set(name, part);
    if (role !== 'alpha') layouts.add(layout);
  }
  return { parts, unknownKeys, layouts };
}

async function layerOf(name: string, { network, module, down, up, alpha }: Parts): Promise<LoraLayer> {
  if (down === undefined || up === undefined) {
    throw new FormatError(
      `layer ${quote(name)} has ${down === undefined ? 'no down' : 'no up'} matrix, a LoRA has both; fetch the file again`,
    );
  }
  for (const { dtype } of [down, up]) {
    if (isFloating(dtype)) continue;
    throw new FormatError(
      `layer ${quote(name)} has a matrix of ${dtype}, expected floats; a quantized LoRA is not read, give the one that it was made from`,
    );
  }
  const layer: LoraLayer = { network, module, down, up, alpha: alpha && (await numberOf(alpha, name)) };
  const rank = rankOf(layer);
  if (
    rank === 0 ||
    up.shape[1] !== rank ||
    down.shape.length < 2 ||
    up.shape.slice(2).some((size) => size !== 1)
  ) {
    throw new FormatError(
      `layer ${quote(name)} has matrices down [${down.shape.join(', ')}] and up [${up.shape.join(', ')}], which share no rank; fetch the file again`,
    );
  }
  return layer;
}

async function numberOf(alpha: LazyArray, name: string): Promise<number> {
  if (alpha.shape.reduce((product, size) => product * size, 1) !== 1) {
    throw new FormatError(`the alpha of ${quote(name)} is [${alpha.shape.join(', ')}], expected one number`);
  }
  const value = toNumbers(await alpha.read())[0]!;
  if (Number.isFinite(value)) return value;
  throw new FormatError(`the alpha of ${quote(name)} is ${value}, expected a number; fetch the file again`);
}
