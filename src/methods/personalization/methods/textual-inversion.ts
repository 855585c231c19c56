import type { PersonalizationMethod } from './personalization-method.ts';

/**
 * Textual Inversion (Gal et al. 2022, arXiv 2208.01618): nothing but the vectors of new words is learned, so the
 * networks stay as they are.
 */
export const textualInversion = (): PersonalizationMethod => ({
  initialize: async () => ({}),
  apply: (base) => base,
});
