import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import { writeTorchFile } from '../../formats/torch-pickle/write-torch-file.ts';
import { type ArraySources, type StoredFloats, stored } from '../named-arrays.ts';
import type { WritableModel } from '../stable-diffusion.ts';
import { toOriginalNames } from './convert-names.ts';
import { textEncoderLayers, textEncoderNaming } from './text-encoder-naming.ts';
import { planOfTree, unetNaming } from './unet-naming.ts';
import { vaeNaming, vaePlanOf } from './vae-naming.ts';

export interface WriteSingleFileOptions {
  /** Default: by the ending, `.ckpt` is a torch file, everything else safetensors. */
  readonly format?: 'safetensors' | 'torch';
  /** Default `as they are`. */
  readonly floats?: StoredFloats;
  /** Further tensors under their original names: the `extras` of the file that the model came from. Default none. */
  readonly extras?: ArraySources;
}

/** Writes a model as one file in the original naming, which CompVis' code, A1111 and ComfyUI open. */
export async function writeSingleFile(
  path: string,
  model: Pick<WritableModel, 'family' | 'unet' | 'vae' | 'textEncoder'>,
  options: WriteSingleFileOptions = {},
): Promise<void> {
  const { format = path.endsWith('.ckpt') ? 'torch' : 'safetensors', floats = 'as they are' } = options;
  const arrays = new Map(
    [...originalArrays(model), ...(options.extras ?? [])].map(([name, array]) => [
      name,
      stored(array, floats),
    ]),
  );
  if (format === 'torch') await writeTorchFile(path, { state_dict: arrays });
  else await writeSafetensors(path, arrays, { metadata: new Map([['format', 'pt']]) });
}

/** All three networks under their original names. */
export function originalArrays({
  family,
  unet,
  vae,
  textEncoder,
}: Pick<WritableModel, 'family' | 'unet' | 'vae' | 'textEncoder'>): ArraySources {
  const layers = textEncoderLayers(textEncoder.parameters.keys());
  const textNames = family === 'SD 2.x' ? 'OpenCLIP' : 'transformers';
  return new Map([
    ...toOriginalNames(unet.parameters, unetNaming(planOfTree(unet.parameters.keys()))),
    ...toOriginalNames(vae.parameters, vaeNaming(vaePlanOf(vae.parameters.keys()))),
    ...toOriginalNames(textEncoder.parameters, textEncoderNaming[textNames](layers)),
  ]);
}
