import { pocketConfigs } from './pocket-networks.ts';
import type { PocketRecipe } from './pocket-recipe.ts';
import { usualMuon } from './recipe.ts';

const towers = { hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2 };
const shared = {
  ...usualMuon,
  steps: 6,
  warmup: 2,
  decay: 2,
  clipNorm: 1,
  averageDecay: 0.9,
  learningRate: 3e-3,
};

const errorWeights = { structureWeight: 0.25, squareWeight: 1, coarseWeight: 1 };

/** The same trainings in seconds: pictures of 16 x 16 pixels and networks that learn next to nothing. */
export const trialRecipe: PocketRecipe = {
  configs: {
    textEncoder: { ...pocketConfigs.textEncoder, ...towers, projection_dim: 16 },
    imageEncoder: {
      ...pocketConfigs.imageEncoder,
      ...towers,
      image_size: 16,
      patch_size: 8,
      projection_dim: 16,
    },
    imageProcessor: {
      ...pocketConfigs.imageProcessor,
      size: { shortest_edge: 16 },
      crop_size: { height: 16, width: 16 },
    },
    vae: {
      ...pocketConfigs.vae,
      block_out_channels: [4, 8],
      norm_num_groups: 4,
      sample_size: 16,
      down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
      up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
    },
    unet: {
      ...pocketConfigs.unet,
      block_out_channels: [8, 8],
      attention_head_dim: 2,
      cross_attention_dim: 16,
      norm_num_groups: 4,
      sample_size: 8,
    },
    scheduler: pocketConfigs.scheduler,
  },
  seed: 1,
  scalingScenes: 8,
  vae: {
    ...shared,
    ...errorWeights,
    batchSize: 4,
    sceneCount: 8,
    divergenceWeight: 1e-4,
    halfSizeWeight: 0.5,
    cropSize: 16,
  },
  reconstruction: {
    ...shared,
    ...errorWeights,
    batchSize: 4,
    sceneCount: 8,
    meanShare: 0.5,
    latentsWeight: 1,
  },
  clip: { ...shared, batchSize: 8, sceneCount: 16, captionLength: 32 },
  unet: { ...shared, batchSize: 8, sceneCount: 8, captionDropout: 0.1, signalLimit: 5, subjectWeight: 3 },
  vision: { ...shared, batchSize: 8, sceneCount: 16, captionLength: 32 },
};
