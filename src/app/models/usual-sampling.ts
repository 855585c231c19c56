import type { SamplerName } from '../../methods/diffusion/index.ts';
import type { PresetName } from '../../methods/personalization/index.ts';

export interface UsualSampling {
  readonly sampler: SamplerName;
  readonly guidanceScale: number;
}

const stableDiffusion: UsualSampling = { sampler: 'dpm-solver++', guidanceScale: 7.5 };

/**
 * How pictures are made from a prompt where nothing else is asked for. The miniature often draws a head, or the thing
 * beside a subject, two times over at guidance 7.5, and leaves out a face or an ear where no fresh noise comes in on the
 * way: seen on eight pictures of one prompt each.
 */
export const usualSampling: { readonly [P in PresetName]: UsualSampling } = {
  'SD 1.x': stableDiffusion,
  'SD 2.x': stableDiffusion,
  pocket: { sampler: 'euler-ancestral', guidanceScale: 4 },
};
