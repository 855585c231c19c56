import type { MethodSettings } from '../../../files/checkpoints/index.ts';
import {
  type ConceptDefinition,
  defineConcept,
  type Preset,
  type PresetName,
  personalizationPreset,
  type TrainingSettings,
} from '../../../methods/personalization/index.ts';
import { ParameterError } from '../task.ts';
import type { PersonalizeParameters } from './parameters.ts';

/** What is learned and how; every number of it goes into the concept's card. */
export interface PersonalizationRecipe {
  readonly concept: ConceptDefinition;
  readonly training: TrainingSettings;
}

/**
 * What is asked for, with the preset's numbers for the rest.
 * @param classPictures how many of the user's own there are
 * @throws TaskError for what the method has no use for
 */
export function recipeOf(
  parameters: PersonalizeParameters,
  name: PresetName,
  classPictures = 0,
): PersonalizationRecipe {
  const preset = personalizationPreset(parameters.method, name);
  const { token, vectors, initializer } = parameters;
  const word = wordOf(preset, token);
  if (word.kind === 'rare word' && (vectors > 1 || initializer !== undefined)) {
    throw new ParameterError(
      vectors > 1 ? 'vectors' : 'initializer',
      `is of a word that is learned, and "${word.word}" is one of the vocabulary; leave it out, or name a new word (--token "<word>")`,
    );
  }
  const concept = defineConcept(
    { ...preset, method: methodOf(preset.method, parameters), word },
    {
      word: token ?? '<concept>',
      classWord: parameters.class,
      vectors,
      ...(initializer !== undefined && { initializer }),
    },
  );
  return { concept, training: trainingOf(preset, parameters, classPictures) };
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
    throw new ParameterError(
      rank === undefined ? 'alpha' : 'rank',
      `is of a LoRA, and the method is ${method.kind}; leave it out`,
    );
  }
  if (!('textEncoder' in method)) {
    if (!textEncoder) return method;
    throw new ParameterError(
      'textEncoder',
      `${method.kind} does not train it, dreambooth and lora can; leave it out, or choose one of them`,
    );
  }
  const trained = textEncoder ? ({ textEncoder: 'trained' } as const) : {};
  if (method.kind !== 'lora') return { ...method, ...trained };
  const own = rank ?? method.rank;
  return { ...method, ...trained, rank: own, alpha: alpha ?? own };
}

function trainingOf(
  { training }: Preset,
  parameters: PersonalizeParameters,
  classPictures: number,
): TrainingSettings {
  const { steps, learningRate, crop } = parameters;
  return {
    ...training,
    prior: priorOf(training, parameters, classPictures),
    ...(steps !== undefined && { steps }),
    ...(crop !== undefined && { crop }),
    ...(learningRate !== undefined && { learningRate }),
    // Where nothing but words is learned, theirs is the rate.
    ...(learningRate !== undefined &&
      parameters.method === 'textual-inversion' && { tokenLearningRate: learningRate }),
  };
}

function priorOf(
  { prior, batchSize }: TrainingSettings,
  { method, priorPictures }: PersonalizeParameters,
  classPictures: number,
): TrainingSettings['prior'] {
  const isAsked = classPictures > 0 || (priorPictures ?? 0) > 0;
  if (method === 'textual-inversion' && isAsked) {
    throw new ParameterError(
      classPictures > 0 ? 'classPictures' : 'priorPictures',
      'keeps the class as it is, and textual-inversion learns nothing of it but a word; leave it out',
    );
  }
  if (priorPictures === 0 && classPictures > 0) {
    throw new ParameterError(
      'classPictures',
      'none would be looked at (--prior-pictures 0); leave one of them out',
    );
  }
  if (priorPictures === 0) return { kind: 'none' };
  if (prior.kind === 'none' && !isAsked) return prior;
  const preserved = prior.kind === 'preserve' ? prior : { weight: 1, batchSize, pictures: classPictures };
  return { ...preserved, kind: 'preserve', pictures: priorPictures ?? preserved.pictures };
}
