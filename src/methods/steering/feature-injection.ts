import type { LayerChoice } from './self-attention-features.ts';
import type { SourceNoise } from './source-trajectory.ts';

/** Plug-and-Play (Tumanyan et al. 2023, arXiv 2211.12572, section 4): the source's features in the place of one's own. */
export interface FeatureInjection {
  readonly kind: 'injection';
  /** Who looks at the source, under the empty prompt. */
  readonly featuresOf: 'personalized' | 'pre-trained';
  readonly sourceNoise: SourceNoise;
  /** Self-attentions whose queries and keys are injected. */
  readonly layers: LayerChoice;
  /** The share of the steps in which they are, from the first on: 0 to 1. */
  readonly attentionUntil: number;
  /** Further features that are injected, by name: residuals of resnets, or outputs. */
  readonly residuals: readonly string[];
  /** The share of the steps in which these are, from the first on: 0 to 1. */
  readonly residualUntil: number;
}
