import { type Device, fold, type Minimized, minimize, type StepEvent, scalar } from '../../engine/index.ts';
import { initializeClipText, initializeClipVision } from '../../networks/clip/index.ts';
import {
  type ClipNetworks,
  type ClipParameters,
  type ClipRecipe,
  pairBatches,
  pairLoss,
  pairSpecs,
} from './caption-pairs.ts';
import { type FreshRun, runSettings, updateSettings } from './recipe.ts';
import type { PictureStore } from './training-scenes.ts';

/** What a training of CLIP is of, and on. */
export interface ClipSetting {
  readonly networks: ClipNetworks;
  readonly recipe: ClipRecipe;
  readonly pictures: PictureStore;
}

/** Trains both towers of a CLIP on drawn scenes and their captions. */
export async function* trainClip(
  device: Device,
  { networks, recipe, pictures }: ClipSetting,
  run: FreshRun,
): AsyncGenerator<StepEvent, Minimized<ClipParameters>> {
  const variables = (run.start as ClipParameters | undefined) ?? {
    text: initializeClipText(fold(run.key, 'text'), networks.textEncoder, 'projection'),
    vision: initializeClipVision(fold(run.key, 'vision'), networks.imageEncoder),
    logit_scale: initialLogitScale,
  };
  return yield* minimize(
    device,
    {
      variables,
      batch: pairSpecs(networks, recipe),
      loss: (parameters, batch) => pairLoss(networks, parameters, batch),
      ...updateSettings(recipe),
    },
    { batch: pairBatches(networks, recipe, pictures, run.key), ...runSettings(recipe, run) },
  );
}

/** As in the paper (Radford et al. 2021), section 2.5. */
export const initialLogitScale = scalar(Math.log(1 / 0.07));
