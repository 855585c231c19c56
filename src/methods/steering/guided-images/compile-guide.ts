import { energyGuide } from './energy-guide.ts';
import { injectionGuide } from './feature-injection.ts';
import type { SpatialGuidance } from './guided-image-settings.ts';
import { freeDenoiser, type GuideModels, type GuideOptions, type SpatialGuide } from './spatial-guide.ts';

/** Spatial feature guided sampling (DreamSteerer, arXiv 2410.11208), by the kind of guidance. */
export function compileGuide(
  guidance: SpatialGuidance,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  switch (guidance.kind) {
    case 'none':
      return noGuide(models, options);
    case 'energy':
      return energyGuide(guidance, models, options);
    case 'injection':
      return injectionGuide(guidance, models, options);
  }
}

async function noGuide(models: GuideModels, options: GuideOptions): Promise<SpatialGuide> {
  const free = await freeDenoiser(models, options);
  return {
    predict: ({ latents, timestep }, _trajectory, signal) => free.denoise(latents, timestep, signal),
    dispose: free.dispose,
  };
}
