import { isFloating, type NdArray, ndArray } from '../../../engine/arrays/index.ts';
import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { isLazyArray, type LazyArray } from '../../formats/lazy-array.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import type { PlainMap } from '../../formats/torch-pickle/plain-value.ts';
import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import type { LazyArrays } from '../named-arrays.ts';
import { fromOriginalNames } from '../single-file/convert-names.ts';
import { stateDict } from '../single-file/open-single-file.ts';
import { stableDiffusionPlan, type UnetPlan, unetNaming } from '../single-file/unet-naming.ts';
import { type CustomDiffusion, type CustomDiffusionLayout, fromProcessorKey } from './custom-diffusion.ts';

export interface CustomDiffusionFile extends CustomDiffusion {
  readonly name: string;
  readonly layout: CustomDiffusionLayout;
  readonly replacements: LazyArrays;
  /** From delta files; diffusers keeps each token in a file of its own, `<new1>.bin`. */
  readonly embeddings: readonly LearnedEmbedding[];
  /** Keys that replace nothing. */
  readonly unknownKeys: readonly string[];
  close(): Promise<void>;
}

export interface CustomDiffusionOptions {
  /** The words of a delta.ckpt, which does not name them. Default `<new1>`, `<new2>`, … as its training does. */
  readonly tokens?: readonly string[];
  /** The UNet that a delta.ckpt numbers its layers by. Default: Stable Diffusion's. */
  readonly plan?: UnetPlan;
}

/**
 * Opens what Custom Diffusion saved: diffusers' pytorch_custom_diffusion_weights (.bin, .safetensors), or the
 * original repository's delta.ckpt or delta.bin.
 * @throws FormatError if it replaces nothing and teaches no word
 */
export async function openCustomDiffusion(
  path: string,
  options: CustomDiffusionOptions = {},
): Promise<CustomDiffusionFile> {
  const file = await openArrays(path);
  try {
    return await customDiffusionOf(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

export const isCustomDiffusion = (file: ArrayFile): boolean => recognise(file) !== undefined;

/** The same of a file that is open; on an error the caller closes it. */
export const customDiffusionOf = (
  file: ArrayFile,
  options: CustomDiffusionOptions = {},
): Promise<CustomDiffusionFile> =>
  locate(file.name, async () => {
    const layout = recognise(file);
    if (layout === undefined) {
      throw new FormatError('holds no weights of Custom Diffusion; open it as what it is');
    }
    const contents = await readers[layout](file, options);
    if (contents.replacements.size === 0 && contents.embeddings.length === 0) {
      throw new FormatError('replaces no weight and teaches no word; fetch it again');
    }
    for (const [name, { dtype }] of contents.replacements) {
      if (isFloating(dtype)) continue;
      throw new FormatError(
        `its weight ${quote(name)} is ${dtype}, expected floats; quantized weights are not read, give those that they were made from`,
      );
    }
    return { name: file.name, layout, ...contents, close: file.close };
  });

function recognise(file: ArrayFile): CustomDiffusionLayout | undefined {
  const names = [...file.arrays.keys()];
  if (names.some((name) => fromProcessorKey(name) !== undefined)) return 'diffusers';
  if (file.format === 'torch' && file.content instanceof Map && file.content.get('unet') instanceof Map)
    return 'delta';
  const inner = [...stateDict(file).keys()];
  const crossAttention = /^model\.diffusion_model\..*\.attn2\.to_/;
  const onlyAttention = inner.every((name) => crossAttention.test(name) || name === 'embed');
  return inner.length > 0 && onlyAttention ? 'originalDelta' : undefined;
}

type Contents = Pick<CustomDiffusionFile, 'replacements' | 'embeddings' | 'unknownKeys'>;

const readers: {
  readonly [L in CustomDiffusionLayout]: (
    file: ArrayFile,
    options: CustomDiffusionOptions,
  ) => Promise<Contents>;
} = {
  diffusers: readProcessors,
  delta: readDelta,
  originalDelta: readOriginalDelta,
};

/** Under the name of each self-attention, which is not trained, diffusers saves an empty dict. */
async function readProcessors(file: ArrayFile): Promise<Contents> {
  const replacements = new Map<string, LazyArray>();
  const unknownKeys: string[] = [];
  const content: PlainMap =
    file.format === 'torch' && file.content instanceof Map ? file.content : new Map(file.arrays);
  for (const [key, value] of content) {
    const name = fromProcessorKey(String(key));
    if (name !== undefined && isLazyArray(value)) replacements.set(name, value);
    else if (!(value instanceof Map && value.size === 0)) unknownKeys.push(String(key));
  }
  return { replacements, embeddings: [], unknownKeys };
}

/** src/diffusers_training.py of adobe-research/custom-diffusion: `{ unet: { name: … }, modifier_token: { token: … } }`. */
async function readDelta(file: ArrayFile): Promise<Contents> {
  const content = (file as { readonly content: PlainMap }).content;
  const replacements = new Map<string, LazyArray>();
  for (const [name, value] of content.get('unet') as PlainMap) {
    if (!isLazyArray(value)) throw compressed(String(name));
    replacements.set(String(name), value);
  }
  const embeddings: LearnedEmbedding[] = [];
  const tokens = content.get('modifier_token');
  for (const [token, value] of tokens instanceof Map ? tokens : []) {
    if (!isLazyArray(value)) throw compressed(String(token));
    embeddings.push({ token: String(token), tokenFrom: 'the file', vectors: await rowsOf(value) });
  }
  const unknownKeys = [...content.keys()]
    .map(String)
    .filter((key) => key !== 'unet' && key !== 'modifier_token');
  return { replacements, embeddings, unknownKeys };
}

/** src/get_deltas.py: `{ state_dict: { CompVis' name: …, embed: [tokens, size] } }`. */
async function readOriginalDelta(
  file: ArrayFile,
  { tokens = [], plan = stableDiffusionPlan }: CustomDiffusionOptions,
): Promise<Contents> {
  const arrays = new Map(stateDict(file));
  const embed = arrays.get('embed');
  arrays.delete('embed');
  const { arrays: replacements, unknown } = fromOriginalNames(arrays, unetNaming(plan));
  const rows = embed === undefined ? undefined : await rowsOf(embed);
  const [count = 0, size = 0] = rows?.shape ?? [];
  const embeddings = Array.from({ length: count }, (_, index): LearnedEmbedding => {
    const data = rows!.data.slice(index * size, (index + 1) * size);
    const given = tokens[index];
    return {
      token: given ?? `<new${index + 1}>`,
      tokenFrom: given === undefined ? 'the habit of its training' : 'the caller',
      vectors: ndArray(rows!.dtype, [1, size], data as NdArray['data']),
    };
  });
  return { replacements, embeddings, unknownKeys: [...unknown.keys()] };
}

const compressed = (name: string): FormatError =>
  new FormatError(
    `${quote(name)} is no tensor: the file is compressed, or another kind; save it without compression`,
  );

/** Words learned at once: the paper composes two, a prompt has room for 75. */
const MOST_TOKENS = 75;

async function rowsOf(array: LazyArray): Promise<NdArray> {
  const shape = array.shape.length === 1 ? [1, ...array.shape] : array.shape;
  if (shape.length !== 2 || shape[0]! > MOST_TOKENS || !isFloating(array.dtype)) {
    throw new FormatError(
      `its vectors are ${array.dtype} [${array.shape.join(', ')}], expected [tokens, size] with at most ${MOST_TOKENS}; fetch it again`,
    );
  }
  const { dtype, data } = await array.read();
  return ndArray(dtype, shape, data);
}
