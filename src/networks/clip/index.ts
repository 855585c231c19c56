export type { ClipEncoderConfig, ClipTextConfig, ClipVisionConfig, Pooling } from './clip-config.ts';
export type { ClipEncoderOutputs } from './clip-encoder.ts';
export {
  type ClipImageProcessorConfig,
  parseClipImageProcessorConfig,
  preprocessClipImages,
} from './clip-image-processor.ts';
export { type Projection, projectImage, projectText } from './clip-projection.ts';
export {
  type ClipTextOutputs,
  clipText,
  clipTextParameterSpecs,
  clipTextSkipping,
  initializeClipText,
} from './clip-text.ts';
export {
  type ClipVisionOutputs,
  clipVision,
  clipVisionParameterSpecs,
  initializeClipVision,
} from './clip-vision.ts';
export { parseClipTextConfig, parseClipVisionConfig } from './parse-clip-config.ts';
export { type ResizeFilter, resizePixels } from './resize-pixels.ts';
export * from './tokenizer/index.ts';
