import {
  type Device,
  type Minimized,
  minimize,
  type NdArray,
  type StepEvent,
  type Tree,
} from '../../engine/index.ts';
import { type ClipParameters, pairBatches, pairLoss, pairSpecs } from './caption-pairs.ts';
import { constants } from './constants.ts';
import { type PretrainingRun, runSettings, updateSettings } from './recipe.ts';
import type { ClipSetting } from './train-clip.ts';

/** What tuning under a locked text tower changes. */
export type VisionParameters = {
  readonly vision: Tree<NdArray>;
  readonly logit_scale: NdArray;
};

/** What a tuning of a vision tower is of, and on. */
export interface VisionSetting extends ClipSetting {
  /** Those to begin with. */
  readonly parameters: ClipParameters;
}

/**
 * Goes on training the vision tower of a CLIP and its temperature; the text tower and its projection are locked, so
 * that a UNet which was trained under that tower still understands it (Zhai et al. 2022, arXiv 2111.07991, with the
 * towers' roles exchanged).
 */
export async function* trainVision(
  device: Device,
  { networks, parameters: { text, vision, logit_scale }, recipe, pictures }: VisionSetting,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<VisionParameters>> {
  const variables: VisionParameters = { vision, logit_scale };
  return yield* minimize(
    device,
    {
      variables,
      batch: pairSpecs(networks, recipe),
      loss: (parameters, batch) => pairLoss(networks, { ...parameters, text: constants(text) }, batch),
      ...updateSettings(recipe),
    },
    { batch: pairBatches(networks, recipe, pictures, run.key), ...runSettings(recipe, run) },
  );
}
