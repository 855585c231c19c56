export {
  type EstimatedModel,
  estimateEditing,
  estimatePersonalization,
  estimateSampling,
  estimateSteering,
} from './estimate-memory.ts';
export { intermediateBytes } from './intermediate-bytes.ts';
export {
  gibibytes,
  type MemoryAlternative,
  type MemoryEstimate,
  type MemoryPart,
  requireMemory,
} from './memory-estimate.ts';
export type { ModelSpecs } from './model-specs.ts';
