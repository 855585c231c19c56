import type { ClipRecipe } from './caption-pairs.ts';
import { type PocketConfigs, pocketConfigs } from './pocket-networks.ts';
import { usualMuon } from './recipe.ts';
import type { ReconstructionRecipe } from './train-reconstruction.ts';
import type { UnetRecipe } from './train-unet.ts';
import type { VaeRecipe } from './train-vae.ts';

/** The trainings in the order in which they build on each other. */
export const trainings = ['vae', 'reconstruction', 'clip', 'unet', 'vision'] as const;
export type Training = (typeof trainings)[number];

/** Everything that a model is made by: its networks and all settings of all trainings. */
export interface PocketRecipe {
  readonly configs: PocketConfigs;
  /** Of all randomness but the world's own. */
  readonly seed: number;
  /** How many scenes of the training set the deviation of the latents is measured on. */
  readonly scalingScenes: number;
  /** The autoencoder, from scratch. */
  readonly vae: VaeRecipe;
  /** The autoencoder further, for closer reconstructions; its latents stay near where they were. */
  readonly reconstruction: ReconstructionRecipe;
  /** Both towers of the CLIP, from scratch. */
  readonly clip: ClipRecipe;
  /** The UNet, from scratch, on the autoencoder's latents and under the CLIP's text tower. */
  readonly unet: UnetRecipe;
  /** The CLIP's vision tower, under its locked text tower. */
  readonly vision: ClipRecipe;
}

const shared = { ...usualMuon, warmup: 50, clipNorm: 1 };
const errorWeights = { squareWeight: 1, coarseWeight: 1 } as const;

/** How the built-in model is trained. */
export const pocketRecipe: PocketRecipe = {
  configs: pocketConfigs,
  seed: 2024,
  scalingScenes: 256,
  vae: {
    ...shared,
    steps: 10_700,
    batchSize: 8,
    sceneCount: 8000,
    cropSize: 64,
    learningRate: 2e-3,
    decay: 2400,
    averageDecay: 0.998,
    ...errorWeights,
    structureWeight: 0.5,
    divergenceWeight: 0.04,
    halfSizeWeight: 1,
  },
  reconstruction: {
    ...shared,
    steps: 5500,
    batchSize: 4,
    sceneCount: 12_000,
    learningRate: 1e-3,
    decay: 3500,
    averageDecay: 0.998,
    ...errorWeights,
    structureWeight: 16,
    meanShare: 0.5,
    latentsWeight: 1,
  },
  clip: {
    ...shared,
    steps: 1500,
    batchSize: 64,
    sceneCount: 6400,
    learningRate: 1e-3,
    decay: 500,
    averageDecay: 0.99,
    captionLength: 28,
  },
  unet: {
    ...shared,
    steps: 15_000,
    batchSize: 32,
    sceneCount: 24_000,
    learningRate: 2e-3,
    decay: 4000,
    averageDecay: 0.998,
    captionDropout: 0.1,
    signalLimit: 5,
    subjectWeight: 3,
  },
  vision: {
    ...shared,
    steps: 4500,
    batchSize: 64,
    sceneCount: 24_000,
    learningRate: 1e-3,
    decay: 1500,
    averageDecay: 0.99,
    captionLength: 28,
  },
};
