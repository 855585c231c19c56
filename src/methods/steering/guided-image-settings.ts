import type { SamplerSettings } from '../diffusion/index.ts';
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
  readonly start: GuidedStart;
  /** The share of the steps that is walked, from where the source is noised to; 1 starts at the last t. */
  readonly strength: number;
  /** `noised source`: after each step it is written back outside the subject's mask, which keeps the background. */
  readonly outside: 'free' | 'noised source';
  readonly guidance: SpatialGuidance;
}

/** Whether images are made with the subject's mask. */
export const needsMask = ({ outside, guidance }: GuidedImageSettings): boolean =>
  outside !== 'free' || (guidance.kind === 'energy' && guidance.subjectMean === 'free');

/** Noise; the source under noise; the source inverted by DDIM. Noise is walked from the last t whatever the strength. */
export type GuidedStart = 'noise' | 'noised source' | 'inverted source';

export type SpatialGuidance = { readonly kind: 'none' } | EnergyGuidance | FeatureInjection;

/**
 * Queries and keys of the pre-trained model, through all steps: a personalized model's own features of the photo had the
 * pose of its references. The strength is between 0.5, where some images left the photo's layout, and 1, where some
 * took its colours though the subject's shift is free; chosen by eye, with the built-in model.
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
  subjectMean: 'free',
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
  guidanceScale: 5,
  start: 'noise',
  strength: 1,
  outside: 'noised source',
  guidance: defaultEnergyGuidance,
};
