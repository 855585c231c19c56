import type { SamplerSettings } from '../../diffusion/index.ts';
import type { PlaceComparison } from './appearance-transfer.ts';
import type { EnergyGuidance } from './energy-guidance.ts';
import type { FeatureInjection } from './feature-injection.ts';

/** How guided images are sampled. */
export interface GuidedImageSettings {
  /** Images made. */
  readonly count: number;
  /** Those of the highest score that are kept; without a score the first ones. */
  readonly keep: number;
  readonly sampler: SamplerSettings;
  readonly steps: number;
  /** w of classifier-free guidance. */
  readonly guidanceScale: number;
  /** Whose the subject's appearance is in the picture that is walked from, that guides and that is written back. */
  readonly appearance: 'source' | ConceptAppearance;
  readonly start: GuidedStart;
  /** The share of the steps that is walked, from where the source is noised to; 1 starts at the last t. */
  readonly strength: number;
  /** `noised source`: after each step it is written back outside the subject's mask, which keeps the background. */
  readonly outside: 'free' | 'noised source';
  readonly guidance: SpatialGuidance;
}

/** The source's subject gets the concept's appearance, place by place, before anything else; see `transferAppearance`. */
export interface ConceptAppearance extends PlaceComparison {
  /** Images of the concept, drawn freely with the sampler and its steps, that it is taken from. */
  readonly drawings: number;
  /** w of classifier-free guidance when they are drawn. */
  readonly guidanceScale: number;
}

/** Whether images are made with the subject's mask. */
export const needsMask = ({ appearance, outside, guidance }: GuidedImageSettings): boolean =>
  appearance !== 'source' ||
  outside !== 'free' ||
  (guidance.kind === 'energy' && guidance.subjectMean === 'free');

/** Noise; the source under noise; the source inverted by DDIM. Noise is walked from the last t whatever the strength. */
export type GuidedStart = 'noise' | 'noised source' | 'inverted source';

export type SpatialGuidance = { readonly kind: 'none' } | EnergyGuidance | FeatureInjection;

/**
 * Queries and keys of the pre-trained model, through all steps: a personalized model's own features of the photo had the
 * pose of its references. The strength was chosen by eye, with the built-in model.
 */
export const defaultEnergyGuidance: EnergyGuidance = {
  kind: 'energy',
  features: 'queries and keys',
  featuresOf: 'pre-trained',
  sourceNoise: 'fixed',
  layers: { parts: ['up'], mostPlaces: 1024, skip: 0 },
  strength: 0.7,
  gradient: 'normalised',
  until: 1,
  subjectMean: 'followed',
};

/** Numbers of Plug-and-Play (Tumanyan et al. 2023): decoder layers 4 to 11, the second up block's second resnet. */
export const plugAndPlay: FeatureInjection = {
  kind: 'injection',
  featuresOf: 'pre-trained',
  sourceNoise: 'inverted',
  layers: { parts: ['up'], mostPlaces: 4096, skip: 1 },
  attentionUntil: 0.5,
  residuals: ['up_blocks.1.resnets.1.residual'],
  residualUntil: 0.8,
};

/** Chosen with the built-in model, by how near x̃ came to right edits of four pairs that are not reported on. */
export const defaultConceptAppearance: ConceptAppearance = {
  drawings: 4,
  guidanceScale: 5,
  layers: { parts: ['up'], mostPlaces: 1024, skip: 0 },
  times: [0.05, 0.15, 0.3],
  noises: 2,
  temperature: 0.15,
};

/** Half of the steps, without classifier-free guidance: with more of either, images took the pose of the references. */
export const defaultGuidedImages: GuidedImageSettings = {
  count: 4,
  keep: 4,
  sampler: {
    name: 'ddim',
    options: {
      timestepSpacing: 'trailing',
      stepsOffset: 0,
      eta: 0,
      clipRange: Number.POSITIVE_INFINITY,
    },
  },
  steps: 20,
  guidanceScale: 1,
  appearance: defaultConceptAppearance,
  start: 'noised source',
  strength: 0.5,
  outside: 'noised source',
  guidance: defaultEnergyGuidance,
};

/** Images whose appearance is left to sampling, with the guidance of drawings and from noise: else the source's colours stay. */
export function appearanceFromSampling(settings: GuidedImageSettings): GuidedImageSettings {
  const { appearance } = settings;
  if (appearance === 'source') return settings;
  return { ...settings, appearance: 'source', start: 'noise', guidanceScale: appearance.guidanceScale };
}
