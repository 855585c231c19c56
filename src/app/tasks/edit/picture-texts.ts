import { type PngText, type RecipeValue, textsOfRecord } from '../../../files/images/index.ts';
import { lastPart } from '../../models/open-model.ts';
import { version } from '../../package-facts.ts';
import { dataText } from '../../runs/unfinished-run.ts';
import { type EditRequest, requestOf } from './edit-request.ts';
import { type VariantName, variants } from './edit-variants.ts';

/** What a picture says about its making; no folder of this machine, and nothing that differs from run to run. */
export function pictureTexts(request: EditRequest, name: VariantName, model: string): readonly PngText[] {
  const { parameters, recipe, seed, side } = request;
  if (!parameters.recipe) return [];
  const { steps, guidanceScale } = recipe.editing;
  const settings = new Map([
    ['Steps', `${steps}`],
    ['CFG scale', `${guidanceScale}`],
    ['Seed', `${seed}`],
    ['Size', `${side}x${side}`],
    ['Model', model],
    ['Method', variants[name].title],
    ...(parameters.concept === undefined ? [] : ([['Concepts', lastPart(parameters.concept)]] as const)),
    ['Version', `DreamSteerer ${version}`],
  ]);
  return textsOfRecord({
    settings: { prompt: parameters.prompt, negativePrompt: parameters.negativePrompt, settings },
    recipe: {
      task: 'edit',
      version,
      variant: name,
      parameters: {
        ...(JSON.parse(dataText(requestOf(request))) as { readonly [name: string]: RecipeValue }),
        picture: lastPart(parameters.picture),
        model,
        concept: parameters.concept === undefined ? null : lastPart(parameters.concept),
      },
    },
  });
}
