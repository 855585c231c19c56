import { type EditSettings, originalStepSize } from '../../methods/editing/index.ts';
import type { PresetName } from '../../methods/personalization/index.ts';

/** Plain data, so that run.json can tell it. */
export type PlainEditSettings = Required<
  Pick<EditSettings, 'steps' | 'weighting' | 'timesteps' | 'sampling'>
> & { readonly stepSize: number; readonly guidanceScale: number };

/** The numbers of DDS' own code, of 1,000 times. */
const original: PlainEditSettings = {
  steps: 200,
  stepSize: originalStepSize,
  guidanceScale: 7.5,
  weighting: 'constant',
  timesteps: { from: 50, to: 948 },
  sampling: 'uniform',
};

/**
 * Of the miniature: steps in x₀, as measured better on a small drawn world; times without the noisiest, which oversaturate,
 * little guidance and larger steps, which looked best on one pair of the benchmark and are still to be measured.
 */
export const usualEditing: { readonly [P in PresetName]: PlainEditSettings } = {
  'SD 1.x': original,
  'SD 2.x': original,
  pocket: {
    steps: 100,
    stepSize: 0.1,
    guidanceScale: 2,
    weighting: 'noise-to-signal',
    timesteps: { from: 50, to: 600 },
    sampling: 'uniform',
  },
};
