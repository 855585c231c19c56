import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import { type ConfinedFolder, findInside } from '../confined-folder.ts';
import type { NetworkName } from '../known-names.ts';

/** The folder of each network, and what its weights are called there, without ending. */
export const componentFolders: {
  readonly [N in NetworkName]: { readonly folder: string; readonly weights: readonly string[] };
} = {
  unet: { folder: 'unet', weights: ['diffusion_pytorch_model'] },
  vae: { folder: 'vae', weights: ['diffusion_pytorch_model'] },
  // transformers calls safetensors model and pickles pytorch_model
  textEncoder: { folder: 'text_encoder', weights: ['model', 'pytorch_model'] },
};

export interface VariantOptions {
  /** `fp16` for `….fp16.safetensors`. Default: the plain files or, where there are none, the fp16 ones. */
  readonly variant?: string;
}

/**
 * Opens a network's weights: safetensors before pickles, whole before sharded.
 * @throws FormatError that lists the names it looked for
 */
export async function openWeights(
  folder: ConfinedFolder,
  network: NetworkName,
  { variant }: VariantOptions,
): Promise<ArrayFile> {
  if (variant !== undefined && !/^[\w-]{1,32}$/.test(variant)) {
    throw new FormatError(`a variant is a word such as "fp16", got ${quote(variant)}; correct it`);
  }
  const { folder: name, weights } = componentFolders[network];
  const variants = variant === undefined ? ['', '.fp16'] : [`.${variant}`];
  const candidates = variants.flatMap((each) =>
    endings.flatMap((ending) => weights.map((file) => `${file}${ending(each)}`)),
  );
  for (const candidate of candidates) {
    const path = await findInside(folder, `${name}/${candidate}`);
    if (path !== undefined) return openArrays(path, { confinedTo: folder.confinedTo });
  }
  throw new FormatError(
    `${folder.path}: the folder ${quote(name)} has no weights; looked for ${candidates.join(', ')}; fetch the missing file`,
  );
}

/** Both spellings of a sharded variant's index occur. */
const endings: readonly ((variant: string) => string)[] = [
  (variant) => `${variant}.safetensors`,
  (variant) => `.safetensors.index${variant}.json`,
  (variant) => `${variant}.safetensors.index.json`,
  (variant) => `${variant}.bin`,
  (variant) => `.bin.index${variant}.json`,
  (variant) => `${variant}.bin.index.json`,
];
