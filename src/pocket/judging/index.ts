export { type GeneratingOptions, generatePictures } from './generate-pictures.ts';
export { drawHeldOut, type HeldOutScene, heldOutPrompt } from './held-out-scenes.ts';
export { type AttentionQuality, judgeAttention, overlapAbove } from './judge-attention.ts';
export {
  type AutoencoderHolder,
  type AutoencoderQuality,
  compileReconstruction,
  judgeAutoencoder,
} from './judge-autoencoder.ts';
export { type ClipQuality, judgeClip } from './judge-clip.ts';
export { judgeDecoder } from './judge-decoder.ts';
export { type DenoisingQuality, judgeDenoising } from './judge-denoising.ts';
export { type GeneratedQuality, judgeGenerated } from './judge-generated.ts';
export type { JudgingEvent, JudgingOptions } from './judging-event.ts';
export { type PocketQuality, type QualityFigure, qualityFigures, shownQuality } from './quality.ts';
export type { ReconstructionQuality } from './reconstruction-quality.ts';
export { type ZeroShot, zeroShot } from './zero-shot.ts';
