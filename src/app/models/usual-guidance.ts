import type { PresetName } from '../../methods/personalization/index.ts';

/**
 * Guidance of pictures that are made from a prompt. At 7.5 the miniature often draws a head, or the thing beside a subject,
 * two times over; seen on eight pictures of one prompt.
 */
export const usualGuidance: { readonly [P in PresetName]: number } = {
  'SD 1.x': 7.5,
  'SD 2.x': 7.5,
  pocket: 4,
};
