export {
  cosineSimilarity,
  type Embedding,
  embedCaption,
  embedPicture,
  embedSubject,
} from './clip-similarity.ts';
export { comparePixels, type PixelDifference, peakSignalToNoise, type Region } from './compare-pixels.ts';
export { cropToSubject } from './crop-to-subject.ts';
export type { EditCase, EditPart, Mask, SubjectPicture } from './edit-case.ts';
export { frechetDistance } from './frechet-distance.ts';
export { holdClip, releaseClip } from './hold-clip.ts';
export {
  type HeldClip,
  type HeldClipText,
  type InstrumentName,
  type InstrumentNetworks,
  Instruments,
} from './instruments.ts';
export { lpipsDistance } from './lpips-distance.ts';
export { intersectionOverUnion, maskFromBytes, unionOfMasks } from './masks.ts';
export type { Metric } from './metric.ts';
export { type MetricName, measurableMetrics, measure, metricNames, metrics } from './metrics.ts';
export { pocketPerceptualDistance } from './pocket-perceptual-distance.ts';
export * from './statistics/index.ts';
export { multiScaleStructuralSimilarity, structuralSimilarity } from './structural-similarity.ts';
