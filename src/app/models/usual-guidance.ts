import type { PresetName } from '../../methods/personalization/index.ts';

/**
 * Guidance of pictures that are made from a prompt. With 7.5 the miniature draws a part of a subject, or the thing beside
 * it, twice more often.
 */
export const usualGuidance: { readonly [P in PresetName]: number } = {
  'SD 1.x': 7.5,
  'SD 2.x': 7.5,
  pocket: 4,
};
