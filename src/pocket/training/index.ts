export { assemblePocketModel, type TrainedParameters } from './assemble-pocket-model.ts';
export type { ClipNetworks, ClipParameters, ClipRecipe } from './caption-pairs.ts';
export {
  type EncodedScenes,
  type EncodingEvent,
  encodeScenes,
  type LatentStore,
  latentStore,
  measureScalingFactor,
} from './latent-store.ts';
export {
  type PocketConfigs,
  type PocketNetworks,
  pocketConfigs,
  pocketMerges,
  pocketNetworks,
} from './pocket-networks.ts';
export { type PocketRecipe, pocketRecipe, type Training, trainings } from './pocket-recipe.ts';
export type { FreshRun, PretrainingRun, StepRecipe } from './recipe.ts';
export { reconstructionLoss } from './reconstruction-loss.ts';
export { initialLogitScale, trainClip } from './train-clip.ts';
export { type ReconstructionRecipe, trainReconstruction } from './train-reconstruction.ts';
export { trainUnet, type UnetRecipe } from './train-unet.ts';
export { trainVae, type VaeRecipe } from './train-vae.ts';
export { trainVision, type VisionParameters } from './train-vision.ts';
export {
  captionAt,
  drawingOf,
  type PictureStore,
  pictureStore,
  type SceneSet,
  sceneAt,
  scenesByPlace,
  scenesInTurn,
} from './training-scenes.ts';
export { trialRecipe } from './trial-recipe.ts';
