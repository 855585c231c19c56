import type { ConceptToken, Family, MethodKind, MethodSettings } from '../../files/checkpoints/index.ts';
import type { ConceptDefinition } from './personalize-options.ts';
import type { PriorPreservation, TrainingSettings } from './training/training-settings.ts';

/** Which models a default is for: Stable Diffusion's families, and the built-in miniature. */
export type PresetName = Family | 'pocket';

export interface Preset {
  readonly method: MethodSettings;
  /**
   * Whether the concept has a word of its own whose vectors are learned, and what it begins as; or a rare word of
   * the vocabulary that stays as it is.
   */
  readonly word:
    | { readonly kind: 'learned'; readonly from: 'class word' }
    | { readonly kind: 'learned'; readonly from: 'rare word'; readonly initializer: string }
    | { readonly kind: 'rare word'; readonly word: string };
  /** How prompts name it: by the word alone, or with the class word behind. */
  readonly phrase: 'word' | 'word and class';
  readonly training: TrainingSettings;
}

/** The usual settings of a method for a family of models. */
export const personalizationPreset = (kind: MethodKind, name: PresetName): Preset => presets[name][kind];

export interface DefinitionOptions {
  /** What prompts call the concept where its word is learned, `<biscuit>`. */
  readonly word: string;
  readonly classWord: string;
  /** Vectors that the word stands for. Default 1. */
  readonly vectors?: number;
  /** Text whose embedding the word begins as. Default: the preset's. */
  readonly initializer?: string;
}

/** A concept as a preset has it. */
export function defineConcept(
  { method, word: kind, phrase }: Preset,
  { word, classWord, vectors = 1, initializer }: DefinitionOptions,
): ConceptDefinition {
  const name = kind.kind === 'rare word' ? kind.word : word;
  const preset = kind.kind === 'learned' && kind.from === 'rare word' ? kind.initializer : classWord;
  const tokens: readonly ConceptToken[] =
    kind.kind === 'rare word' ? [] : [{ word, vectors, initializer: initializer ?? preset }];
  return { method, tokens, classWord, phrase: phrase === 'word' ? name : `${name} ${classWord}` };
}

/** AdamW as diffusers' scripts set it. */
const common: TrainingSettings = {
  steps: 800,
  learningRate: 1e-5,
  tokenLearningRate: 5e-4,
  textEncoderLearningRate: 1e-5,
  warmupSteps: 0,
  weightDecay: 1e-2,
  clipNorm: 1,
  batchSize: 1,
  batchesPerStep: 1,
  prior: { kind: 'none' },
  augmentation: 'none',
  wordings: 'one',
  crop: 'centre',
  averageDecay: 'none',
  compute: 'float32',
  activations: 'recompute',
};

const preserve: PriorPreservation = { kind: 'preserve', pictures: 200, weight: 1, batchSize: 1 };

/** Numbers of the papers and of diffusers' scripts, which are for these models. */
const stableDiffusion: { readonly [M in MethodKind]: Preset } = {
  'textual-inversion': {
    method: { kind: 'textual-inversion' },
    word: { kind: 'learned', from: 'class word' },
    phrase: 'word',
    // 5e-4 times the pictures of a step
    training: {
      ...common,
      steps: 3000,
      tokenLearningRate: 2e-3,
      batchesPerStep: 4,
      augmentation: 'flip',
      wordings: 'several',
    },
  },
  dreambooth: {
    method: { kind: 'dreambooth', textEncoder: 'frozen' },
    word: { kind: 'rare word', word: 'sks' },
    phrase: 'word and class',
    training: { ...common, learningRate: 5e-6, textEncoderLearningRate: 2e-6, prior: preserve },
  },
  'custom-diffusion': {
    method: { kind: 'custom-diffusion', projections: 'keys and values' },
    word: { kind: 'learned', from: 'rare word', initializer: 'ktn' },
    phrase: 'word and class',
    // 1e-5 times the pictures of a batch
    training: {
      ...common,
      steps: 500,
      learningRate: 2e-5,
      tokenLearningRate: 2e-5,
      batchSize: 2,
      prior: { ...preserve, batchSize: 2 },
      augmentation: 'flip and rescale',
    },
  },
  lora: {
    method: { kind: 'lora', rank: 4, alpha: 4, targets: ['attention'], textEncoder: 'frozen' },
    word: { kind: 'rare word', word: 'sks' },
    phrase: 'word and class',
    training: { ...common, steps: 1000, learningRate: 1e-4 },
  },
};

/** Of the miniature, whose rates are higher by its size; the word is learned from the class word on. */
const pocketTraining: TrainingSettings = {
  ...common,
  steps: 350,
  learningRate: 4e-4,
  tokenLearningRate: 5e-3,
  textEncoderLearningRate: 1e-4,
  batchSize: 4,
  activations: 'keep',
};
const pocketWord = { word: { kind: 'learned', from: 'class word' }, phrase: 'word and class' } as const;

const pocket: { readonly [M in MethodKind]: Preset } = {
  'textual-inversion': {
    method: { kind: 'textual-inversion' },
    ...pocketWord,
    phrase: 'word',
    training: { ...pocketTraining, wordings: 'several' },
  },
  dreambooth: {
    method: { kind: 'dreambooth', textEncoder: 'frozen' },
    ...pocketWord,
    training: { ...pocketTraining, steps: 150 }, // at 350 one concept kept its references' pose in every sample
  },
  'custom-diffusion': {
    method: { kind: 'custom-diffusion', projections: 'keys and values' },
    ...pocketWord,
    training: {
      ...pocketTraining,
      steps: 600, // at 350 one of two concepts was less like its references than the class's pictures are
      learningRate: 1e-3,
      prior: { kind: 'preserve', pictures: 32, weight: 1, batchSize: 4 },
    },
  },
  lora: {
    method: { kind: 'lora', rank: 8, alpha: 8, targets: ['attention'], textEncoder: 'frozen' },
    ...pocketWord,
    training: { ...pocketTraining, learningRate: 1e-3 },
  },
};

const presets: { readonly [P in PresetName]: { readonly [M in MethodKind]: Preset } } = {
  'SD 1.x': stableDiffusion,
  'SD 2.x': stableDiffusion,
  pocket,
};
