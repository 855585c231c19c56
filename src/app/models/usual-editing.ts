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

/** Of the miniature those that measured better on a small drawn world: steps in x₀, longer times, less guidance. */
export const usualEditing: { readonly [P in PresetName]: PlainEditSettings } = {
  'SD 1.x': original,
  'SD 2.x': original,
  pocket: {
    steps: 100,
    stepSize: 0.06,
    guidanceScale: 3,
    weighting: 'noise-to-signal',
    timesteps: { from: 100, to: 950 },
    sampling: 'uniform',
  },
};
