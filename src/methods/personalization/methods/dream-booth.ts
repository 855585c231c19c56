import { floatSources } from '../read-floats.ts';
import type { PersonalizationMethod, SettingsOf } from './personalization-method.ts';

/**
 * DreamBooth (Ruiz et al. 2022, arXiv 2208.12242): the whole UNet is learned, and the whole text encoder if asked,
 * from their own parameters on.
 */
export const dreamBooth = ({ textEncoder }: SettingsOf<'dreambooth'>): PersonalizationMethod => ({
  initialize: async (base) => ({
    unet: floatSources(base.unet),
    ...(textEncoder === 'trained' && { textEncoder: floatSources(base.textEncoder) }),
  }),
  apply: (base, learned) => ({
    unet: learned.unet ?? base.unet,
    textEncoder: learned.textEncoder ?? base.textEncoder,
  }),
});
