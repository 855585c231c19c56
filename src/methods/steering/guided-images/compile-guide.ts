import { energyGuide } from './energy-guide.ts';
import { injectionGuide } from './feature-injection.ts';
import type { SpatialGuidance } from './guided-image-settings.ts';
import { freeDenoiser, type GuideModels, type GuideOptions, type SpatialGuide } from './spatial-guide.ts';

/** Spatial feature guided sampling (DreamSteerer, arXiv 2410.11208), by the kind of guidance. */
export function compileGuide<K extends SpatialGuidance['kind']>(
  guidance: Extract<SpatialGuidance, { readonly kind: K }>,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  const compile: Guides[K] = guides[guidance.kind as K];
  return compile(guidance, models, options);
}

type Guides = {
  readonly [K in SpatialGuidance['kind']]: (
    guidance: Extract<SpatialGuidance, { readonly kind: K }>,
    models: GuideModels,
    options: GuideOptions,
  ) => Promise<SpatialGuide>;
};

const guides: Guides = {
  async none(_, models, options) {
    const free = await freeDenoiser(models, options);
    return {
      predict: ({ latents, timestep }, _trajectory, signal) => free.denoise(latents, timestep, signal),
      dispose: free.dispose,
    };
  },
  energy: energyGuide,
  injection: injectionGuide,
};
