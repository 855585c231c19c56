export type { Misshapen, Mistyped, ParameterCheck } from './check-parameters.ts';
export { checkParameters, requireParameters } from './check-parameters.ts';
export { type ClipModel, openClip } from './clip/open-clip.ts';
export type { Concept, NetworkChange, OpenedConcept } from './concept/concept.ts';
export {
  type ConceptCard,
  type ConceptToken,
  conceptCardSchema,
  type LoraTarget,
  loraTargets,
  type MethodKind,
  type MethodSettings,
} from './concept/concept-card.ts';
export { hashModel, hashParameters } from './concept/hash-model.ts';
export { type LocateConceptOptions, locateConcept } from './concept/locate-concept.ts';
export { type ReadConceptOptions, readConcept, readConceptCard } from './concept/read-concept.ts';
export { type WriteConceptOptions, writeConcept } from './concept/write-concept.ts';
export { type ConfinedFolder, confinedFolder, findInside } from './confined-folder.ts';
export { applyCustomDiffusion } from './custom-diffusion/apply-custom-diffusion.ts';
export type { CustomDiffusion, CustomDiffusionLayout } from './custom-diffusion/custom-diffusion.ts';
export {
  type CustomDiffusionFile,
  type CustomDiffusionOptions,
  openCustomDiffusion,
} from './custom-diffusion/read-custom-diffusion.ts';
export {
  type WriteCustomDiffusionOptions,
  writeCustomDiffusion,
  writeCustomDiffusionDelta,
} from './custom-diffusion/write-custom-diffusion.ts';
export { type FolderOptions, openDiffusersFolder } from './diffusers-folder/open-diffusers-folder.ts';
export { readTokenizer } from './diffusers-folder/read-tokenizer.ts';
export { moveFolder } from './diffusers-folder/replace-folder.ts';
export { readTokenizerFolder } from './diffusers-folder/tokenizer-files.ts';
export {
  type BesideModel,
  type WriteFolderOptions,
  writeDiffusersFolder,
} from './diffusers-folder/write-diffusers-folder.ts';
export { type WithEmbeddings, withEmbeddings, withRows } from './embedding/apply-embedding.ts';
export type { EmbeddingLayout, LearnedEmbedding } from './embedding/learned-embedding.ts';
export { type EmbeddingFile, type EmbeddingOptions, readEmbedding } from './embedding/read-embedding.ts';
export { type WriteEmbeddingOptions, writeEmbedding } from './embedding/write-embedding.ts';
export type { JsonObject } from './json-file.ts';
export type { NetworkName } from './known-names.ts';
export type {
  Lora,
  LoraFile,
  LoraLayer,
  LoraLayout,
  LoraNetwork,
  LowRankUpdate,
  LowRankUpdates,
} from './lora/lora.ts';
export { type LoraBase, type MatchedLora, matchLora } from './lora/match-lora.ts';
export { lowRankTree, type MergedLora, mergeLora, unmergeLora } from './lora/merge-lora.ts';
export { openLora } from './lora/read-lora.ts';
export { type WriteLoraOptions, writeLora } from './lora/write-lora.ts';
export { type ArraySources, type LazyArrays, readTree, type StoredFloats } from './named-arrays.ts';
export type { Checkpoint, CheckpointKind } from './open-checkpoint/checkpoint.ts';
export { type LocateOptions, locateCheckpoint } from './open-checkpoint/locate-checkpoint.ts';
export { type CheckpointOptions, openCheckpoint } from './open-checkpoint/open-checkpoint.ts';
export type { Prediction } from './prediction.ts';
export { type Converted, fromOriginalNames, toOriginalNames } from './single-file/convert-names.ts';
export type { Naming } from './single-file/naming.ts';
export { openSingleFile, type SingleFile, type SingleFileOptions } from './single-file/open-single-file.ts';
export {
  type TextEncoderNames,
  textEncoderLayers,
  textEncoderNaming,
} from './single-file/text-encoder-naming.ts';
export {
  planOfOriginal,
  planOfTree,
  stableDiffusionPlan,
  type UnetPlan,
  unetNaming,
} from './single-file/unet-naming.ts';
export { type VaePlan, vaeNaming, vaePlanOf } from './single-file/vae-naming.ts';
export {
  originalArrays,
  type WriteSingleFileOptions,
  writeSingleFile,
} from './single-file/write-single-file.ts';
export {
  type Family,
  familyOf,
  type NetworkPart,
  type StableDiffusion,
  type WritableModel,
  type WritablePart,
} from './stable-diffusion.ts';
export { readTrainingState, writeTrainingState } from './training-state.ts';
