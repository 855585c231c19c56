import type { StableDiffusion } from '../../files/checkpoints/index.ts';
import type { PresetName } from '../../methods/personalization/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';

/** Stable Diffusion's UNets begin with 320 channels; smaller ones get what the miniature gets. */
export const presetOf = ({ unet, family }: StableDiffusion): PresetName =>
  unet.config.timeEmbedding.sinusoid.size < 320 ? 'pocket' : family;

/** Where config.json has no sample_size: 512 pixels, as Stable Diffusion 1.x was trained. */
const USUAL_CELLS = 64;

/** The side of the pictures that a model is made for, in pixels. */
export const sideOf = ({ unet, vae }: StableDiffusion): number =>
  (unet.config.sampleSize ?? USUAL_CELLS) * pixelsPerCell(vae.config);
