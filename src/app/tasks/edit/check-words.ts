import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import {
  extendTokenizer,
  learnedOfConcept,
  tokenizerBefore,
} from '../../../methods/personalization/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import { wordsOf } from '../../models/open-concept.ts';
import { TaskError } from '../task.ts';
import type { EditParameters } from './parameters.ts';

/** @throws TaskError for a `<word>` that nobody taught the model that reads it */
export async function checkWords(
  { prompt, sourcePrompt, negativePrompt }: EditParameters,
  tokenizer: Tokenizer,
  concept: OpenedConcept | undefined,
): Promise<void> {
  const knowing =
    concept === undefined
      ? tokenizer
      : extendTokenizer(await tokenizerBefore(tokenizer, concept), learnedOfConcept(concept).plan.tokens);
  const unknown = placeholdersIn(`${prompt} ${negativePrompt}`).find(
    (word) => !knowing.placeholders.has(word),
  );
  if (unknown !== undefined) {
    const words = concept === undefined ? [] : wordsOf(concept);
    const known =
      words.length === 0
        ? 'name the concept that it belongs to (--concept)'
        : `the concept is called ${words.map((word) => JSON.stringify(word)).join(', ')}`;
    throw new TaskError(`prompt: the model does not know ${JSON.stringify(unknown)}; ${known}`);
  }
  const [learned] = placeholdersIn(sourcePrompt).filter((word) => !tokenizer.placeholders.has(word));
  if (learned === undefined) return;
  throw new TaskError(
    `source prompt: ${JSON.stringify(learned)} is no word of the model itself; say in plain words what the photo shows`,
  );
}

const placeholdersIn = (text: string): readonly string[] => text.match(/<[^<>\s]+>/g) ?? [];
