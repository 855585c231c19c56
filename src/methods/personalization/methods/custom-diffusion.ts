import { flatten, type Tensor, unflatten } from '../../../engine/index.ts';
import { withLeaves } from '../model-trees.ts';
import { floatSources } from '../read-floats.ts';
import type { PersonalizationMethod, SettingsOf } from './personalization-method.ts';

/**
 * Custom Diffusion (Kumari et al. 2022, arXiv 2212.04488, section 3.2): the matrices that make keys and values of
 * the text in the cross-attentions are learned, from their own values on, beside the vectors of a word.
 */
export const customDiffusion = ({ projections }: SettingsOf<'custom-diffusion'>): PersonalizationMethod => ({
  async initialize({ unet }) {
    const chosen = flatten(unet).filter(([path]) => patterns[projections].test(path));
    if (chosen.length === 0) throw new Error('custom diffusion: the UNet has no cross-attention to learn');
    return { unet: floatSources(unflatten(chosen)) };
  },
  apply: ({ unet, textEncoder }, learned) => ({
    unet: withLeaves(unet, new Map(flatten<Tensor>(learned.unet ?? {}))),
    textEncoder,
  }),
});

const patterns: { readonly [P in SettingsOf<'custom-diffusion'>['projections']]: RegExp } = {
  'keys and values': /\.attn2\.to_[kv]\.weight$/,
  all: /\.attn2\.(to_[qkv]|to_out\.0)\.(weight|bias)$/,
};
