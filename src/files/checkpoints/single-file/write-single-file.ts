import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import { writeTorchFile } from '../../formats/torch-pickle/write-torch-file.ts';
import { type ArraySources, type StoredFloats, stored } from '../named-arrays.ts';
import { predictionOf } from '../prediction.ts';
import type { WritableModel } from '../stable-diffusion.ts';
import { toOriginalNames } from './convert-names.ts';
import { modelSpec } from './model-spec.ts';
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

/**
 * Writes a model as one file in the original naming, which CompVis' code, A1111 and ComfyUI open. In safetensors it says
 * what its UNet predicts and for which size, as far as the scheduler's and the networks' configurations do.
 */
export async function writeSingleFile(
  path: string,
  model: Pick<WritableModel, 'family' | 'unet' | 'vae' | 'textEncoder'> &
    Partial<Pick<WritableModel, 'schedulerConfig'>>,
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
  else await writeSafetensors(path, arrays, { metadata: metadataOf(model) });
}

function metadataOf({
  unet,
  vae,
  schedulerConfig,
}: Pick<WritableModel, 'unet' | 'vae'> & Partial<Pick<WritableModel, 'schedulerConfig'>>) {
  const metadata = new Map([['format', 'pt']]);
  const { prediction, resolution } = modelSpec;
  const type = predictionOf(schedulerConfig ?? '') ?? 'epsilon'; // diffusers' default
  if (schedulerConfig !== undefined && (type === 'epsilon' || type === 'v_prediction')) {
    metadata.set(prediction.name, prediction.write(type));
  }
  const { sample_size: cells } = unet.configJson;
  const { block_out_channels: levels } = vae.configJson;
  if (typeof cells === 'number' && Array.isArray(levels)) {
    metadata.set(resolution.name, resolution.write(cells * 2 ** (levels.length - 1)));
  }
  return metadata;
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
