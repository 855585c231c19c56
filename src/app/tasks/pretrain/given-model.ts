import { type NdArray, Owner, type Tree } from '../../../engine/index.ts';
import { openClip, openDiffusersFolder, readTree } from '../../../files/checkpoints/index.ts';
import { type ClipParameters, initialLogitScale } from '../../../pocket/training/index.ts';
import { TaskError } from '../task.ts';

/** A model that trainings begin with, in the place of random parameters and of trainings that are not in the folder. */
export interface GivenModel {
  readonly scalingFactor: number;
  readonly vae: Tree<NdArray>;
  readonly clip: ClipParameters;
  readonly unet: Tree<NdArray>;
}

/** Reads a folder that `assemble` has written. @throws TaskError for one without a CLIP's text tower */
export async function readGivenModel(path: string): Promise<GivenModel> {
  await using owner = new Owner();
  const model = await openDiffusersFolder(path);
  owner.defer(model.close);
  const clip = await openClip(path);
  owner.defer(clip.close);
  if (clip.text === undefined) {
    throw new TaskError(
      `${path}: its CLIP has no text tower with a projection; give a model that assemble wrote`,
    );
  }
  return {
    scalingFactor: model.vae.config.scalingFactor,
    vae: await readTree(model.vae.parameters),
    clip: {
      text: await readTree(clip.text.parameters),
      vision: await readTree(clip.vision.parameters),
      logit_scale: initialLogitScale, // files do not keep what was learned
    },
    unet: await readTree(model.unet.parameters),
  };
}
