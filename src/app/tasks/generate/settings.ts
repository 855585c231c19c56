import { type PngText, type RecipeValue, textsOfRecord } from '../../../files/images/index.ts';
import type { SamplerName } from '../../../methods/diffusion/index.ts';
import { lastPart } from '../../models/open-model.ts';
import { version } from '../../package-facts.ts';
import type { DecidedParameters } from './parameters.ts';

/** A picture of those that are made at a time. */
export interface PictureFacts {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** What the model is called. */
  readonly model: string;
  /** Of image to image. */
  readonly strength: number | undefined;
}

/**
 * The texts that a picture carries: its settings as AUTOMATIC1111's web UI writes and reads them, and the parameters
 * that make it again. Neither holds a folder of this machine.
 */
export function settingsTexts(parameters: DecidedParameters, picture: PictureFacts): readonly PngText[] {
  return parameters.settings
    ? textsOfRecord({
        settings: {
          prompt: parameters.prompt,
          negativePrompt: parameters.negativePrompt,
          settings: settingsOf(parameters, picture),
        },
        recipe: recipeOf(parameters, picture),
      })
    : [];
}

function settingsOf(parameters: DecidedParameters, { seed, width, height, model, strength }: PictureFacts) {
  const { steps, sampler, sigmas, guidanceScale, guidanceRescale } = parameters;
  const concepts = parameters.concepts.map(lastPart).join('; ');
  return new Map([
    ['Steps', `${steps}`],
    ['Sampler', samplerTitles[sampler]],
    ...(sigmas === 'karras' ? ([['Schedule type', 'Karras']] as const) : []),
    ['CFG scale', `${guidanceScale}`],
    ...(guidanceRescale === 0 ? [] : ([['CFG rescale', `${guidanceRescale}`]] as const)),
    ['Seed', `${seed}`],
    ['Size', `${width}x${height}`],
    ['Model', model],
    ...(strength === undefined ? [] : ([['Denoising strength', `${strength}`]] as const)),
    ...(concepts === '' ? [] : ([['Concepts', concepts]] as const)),
    ['Version', `DreamSteerer ${version}`],
  ]);
}

/** What the web UI calls them. */
const samplerTitles: { readonly [S in SamplerName]: string } = {
  ddim: 'DDIM',
  'ddim-inverse': 'DDIM Inverse',
  ddpm: 'DDPM',
  pndm: 'PLMS',
  euler: 'Euler',
  'euler-ancestral': 'Euler a',
  'dpm-solver++': 'DPM++ 2M',
};

/** What decides how the picture looks; one picture of this seed. */
function recipeOf(parameters: DecidedParameters, { seed, width, height, model, strength }: PictureFacts) {
  const { prompt, negativePrompt, concepts, steps, sampler, sigmas, guidanceScale, guidanceRescale } =
    parameters;
  return {
    task: 'generate',
    version,
    parameters: {
      prompt,
      negativePrompt,
      model,
      concepts: concepts.map(lastPart),
      ...(parameters.image !== undefined &&
        strength !== undefined && { image: lastPart(parameters.image), strength }),
      seed,
      width,
      height,
      steps,
      sampler,
      sigmas,
      guidanceScale,
      guidanceRescale,
    },
  } satisfies RecipeValue;
}
