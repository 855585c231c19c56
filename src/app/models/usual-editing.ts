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
 * Of the miniature: steps in x₀, as measured better on a small drawn world; little guidance and times without the noisiest,
 * which did best on one pair that is not reported on.
 */
export const usualEditing: { readonly [P in PresetName]: PlainEditSettings } = {
  'SD 1.x': original,
  'SD 2.x': original,
  pocket: {
    steps: 100,
    stepSize: 0.1,
    guidanceScale: 1.5,
    weighting: 'noise-to-signal',
    timesteps: { from: 20, to: 600 },
    sampling: 'uniform',
  },
};
