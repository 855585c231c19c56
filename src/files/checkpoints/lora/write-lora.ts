import { castArray, type NdArray, ndArray, scalar, toNumbers } from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { type ArraySource, readArray } from '../../formats/lazy-array.ts';
import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import { writeTorchFile } from '../../formats/torch-pickle/write-torch-file.ts';
import { lazily } from '../named-arrays.ts';
import { type Lora, type LoraLayout, type LoraNetwork, type LowRankUpdate, rankOf } from './lora.ts';
import { diffusersLoraKey, kohyaLoraKey, peftLoraKey } from './lora-keys.ts';

export interface WriteLoraOptions {
  /** Default `kohya`, which A1111, ComfyUI and diffusers read, and which has names for every layer. */
  readonly layout?: LoraLayout;
  /** Default: by the ending, `.bin` is a torch file, everything else safetensors. */
  readonly format?: 'safetensors' | 'torch';
}

/** Writes low-rank updates. Layouts that have no alpha get it multiplied into `up`. */
export async function writeLora(
  path: string,
  lora: Lora,
  { layout = 'kohya', format = path.endsWith('.bin') ? 'torch' : 'safetensors' }: WriteLoraOptions = {},
): Promise<void> {
  const arrays = new Map<string, ArraySource>();
  for (const network of ['unet', 'textEncoder'] as const) {
    for (const [name, update] of lora[network]) {
      const module = name.replace(/\.weight$/, '');
      for (const [key, array] of entries[layout](network, module, update)) arrays.set(key, array);
    }
  }
  if (arrays.size === 0) throw new FormatError(`${path}: there is no update to write`);
  if (format === 'torch') await writeTorchFile(path, arrays);
  else await writeSafetensors(path, arrays, { metadata: new Map(metadata[layout](lora)) });
}

type Entries = readonly (readonly [key: string, array: ArraySource])[];

const entries: {
  readonly [L in LoraLayout]: (network: LoraNetwork, module: string, update: LowRankUpdate) => Entries;
} = {
  diffusers: (network, module, update) => [
    [requireKey(diffusersLoraKey(network, module, 'down'), module), update.down],
    [requireKey(diffusersLoraKey(network, module, 'up'), module), scaledUp(update)],
  ],
  peft: (network, module, update) => [
    [peftLoraKey(network, module, 'down'), update.down],
    [peftLoraKey(network, module, 'up'), scaledUp(update)],
  ],
  kohya: (network, module, update) => [
    [kohyaLoraKey(network, module, 'down'), update.down],
    [kohyaLoraKey(network, module, 'up'), update.up],
    [kohyaLoraKey(network, module, 'alpha'), scalar(update.alpha ?? rankOf(update))],
  ],
};

/** What kohya's tools ask a file for. */
const metadata: { readonly [L in LoraLayout]: (lora: Lora) => readonly (readonly [string, string])[] } = {
  diffusers: () => [['format', 'pt']],
  peft: () => [['format', 'pt']],
  kohya: ({ unet, textEncoder }) => {
    const first = [...unet.values(), ...textEncoder.values()][0]!;
    return [
      ['ss_network_module', 'networks.lora'],
      ['ss_network_dim', `${rankOf(first)}`],
      ['ss_network_alpha', `${first.alpha ?? rankOf(first)}`],
    ];
  },
};

function requireKey(key: string | undefined, module: string): string {
  if (key !== undefined) return key;
  throw new FormatError(
    `diffusers' processors have no name for a LoRA of ${quote(module)}, which is no projection of an attention; write kohya's or PEFT's layout`,
  );
}

/** up · alpha / rank; untouched where that is 1. */
function scaledUp(update: LowRankUpdate): ArraySource {
  const factor = (update.alpha ?? rankOf(update)) / rankOf(update);
  const { up } = update;
  return factor === 1 ? up : lazily(up.dtype, up.shape, async () => multiplied(await readArray(up), factor));
}

const multiplied = (array: NdArray, factor: number): NdArray =>
  castArray(
    ndArray(
      'float32',
      array.shape,
      Float32Array.from(toNumbers(array), (value) => value * factor),
    ),
    array.dtype,
  );
