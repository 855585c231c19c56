import type { MethodSettings } from '../../../files/checkpoints/index.ts';
import {
  type ConceptDefinition,
  defineConcept,
  type Preset,
  type PresetName,
  personalizationPreset,
  type TrainingSettings,
} from '../../../methods/personalization/index.ts';
import { TaskError } from '../task.ts';
import type { PersonalizeParameters } from './parameters.ts';

/** What is learned and how; every number of it goes into the concept's card. */
export interface PersonalizationRecipe {
  readonly concept: ConceptDefinition;
  readonly training: TrainingSettings;
}

/** What is asked for, with the preset's numbers for the rest. @throws TaskError for what the method has no use for */
export function recipeOf(parameters: PersonalizeParameters, name: PresetName): PersonalizationRecipe {
  const preset = personalizationPreset(parameters.method, name);
  const { token, vectors, initializer } = parameters;
  const concept = defineConcept(
    { ...preset, method: methodOf(preset.method, parameters), word: wordOf(preset, token) },
    {
      word: token ?? '<concept>',
      classWord: parameters.class,
      vectors,
      ...(initializer !== undefined && { initializer }),
    },
  );
  return { concept, training: trainingOf(preset, parameters) };
}

/** `<biscuit>` is a new word and is learned, whatever the method's habit; any other is taken from the vocabulary where that is the habit. */
function wordOf({ word }: Preset, token: string | undefined): Preset['word'] {
  if (word.kind !== 'rare word' || token === undefined) return word;
  return /^<.*>$/.test(token) ? { kind: 'learned', from: 'class word' } : { kind: 'rare word', word: token };
}

function methodOf(
  method: MethodSettings,
  { rank, alpha, textEncoder }: PersonalizeParameters,
): MethodSettings {
  if (method.kind !== 'lora' && (rank ?? alpha) !== undefined) {
    throw new TaskError(`rank and alpha are of a LoRA, and the method is ${method.kind}; leave them out`);
  }
  if (!('textEncoder' in method)) {
    if (!textEncoder) return method;
    throw new TaskError(
      `text encoder: ${method.kind} does not train it, dreambooth and lora can; leave it out, or choose one of them`,
    );
  }
  const trained = textEncoder ? ({ textEncoder: 'trained' } as const) : {};
  if (method.kind !== 'lora') return { ...method, ...trained };
  const own = rank ?? method.rank;
  return { ...method, ...trained, rank: own, alpha: alpha ?? own };
}

function trainingOf({ training }: Preset, parameters: PersonalizeParameters): TrainingSettings {
  const { steps, learningRate, crop, priorPictures } = parameters;
  const preserved =
    training.prior.kind === 'preserve'
      ? training.prior
      : ({ kind: 'preserve', pictures: 0, weight: 1, batchSize: training.batchSize } as const);
  const prior =
    priorPictures === undefined
      ? training.prior
      : priorPictures === 0
        ? ({ kind: 'none' } as const)
        : { ...preserved, pictures: priorPictures };
  return {
    ...training,
    prior,
    ...(steps !== undefined && { steps }),
    ...(crop !== undefined && { crop }),
    ...(learningRate !== undefined && { learningRate }),
    // Where nothing but words is learned, theirs is the rate.
    ...(learningRate !== undefined &&
      parameters.method === 'textual-inversion' && { tokenLearningRate: learningRate }),
  };
}
