import { castArray, type NdArray, scalar, type Tree, unflatten } from '../../../engine/index.ts';
import { openClip, openDiffusersFolder } from '../../../files/checkpoints/index.ts';
import type { ClipParameters } from '../../../pocket/training/index.ts';

/** A model that trainings begin with, in the place of random parameters and of trainings that are not in the folder. */
export interface GivenModel {
  readonly scalingFactor: number;
  readonly vae: Tree<NdArray>;
  readonly clip: ClipParameters;
  readonly unet: Tree<NdArray>;
}

/** Reads a folder that `assemble` has written. */
export async function readGivenModel(path: string): Promise<GivenModel> {
  const model = await openDiffusersFolder(path);
  const clip = await openClip(path);
  try {
    return {
      scalingFactor: model.vae.config.scalingFactor,
      vae: await read(model.vae.parameters),
      clip: {
        text: await read(clip.text?.parameters ?? new Map()),
        vision: await read(clip.vision.parameters),
        logit_scale: scalar(Math.log(100)), // files do not keep it; trainings end at its limit
      },
      unet: await read(model.unet.parameters),
    };
  } finally {
    await Promise.all([model.close(), clip.close()]);
  }
}

type LazyParameters = Awaited<ReturnType<typeof openDiffusersFolder>>['unet']['parameters'];

async function read(parameters: LazyParameters): Promise<Tree<NdArray>> {
  const arrays: [string, NdArray][] = [];
  for (const [path, array] of parameters) arrays.push([path, castArray(await array.read(), 'float32')]);
  return unflatten(arrays);
}
