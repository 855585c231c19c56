import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import { findSubjectWord, subjectFromWords } from '../../../methods/editing/index.ts';
import { promptPieces, type Tokenizer } from '../../../networks/clip/index.ts';
import { wordsOf } from '../../models/open-concept.ts';
import { unknownWords } from '../../models/unknown-words.ts';
import { checked, ParameterError } from '../task.ts';
import { parseVariants, variants } from './edit-variants.ts';
import type { EditParameters } from './parameters.ts';

/**
 * Checks before anything is loaded what the prompts say.
 * @param knowing `tokenizer` with the concept's words
 * @throws a sentence for a `<word>` that nobody taught the model that reads it, prompts that differ in capitals or spaces
 *   alone, or a subject that cannot be named
 */
export function checkWords(
  parameters: EditParameters,
  { tokenizer, knowing }: { readonly tokenizer: Tokenizer; readonly knowing: Tokenizer },
  concept: OpenedConcept | undefined,
): void {
  const { prompt, sourcePrompt, negativePrompt } = parameters;
  for (const [parameter, text] of Object.entries({ prompt, negativePrompt })) {
    const [unknown] = unknownWords(knowing, text);
    if (unknown === undefined) continue;
    const words = concept === undefined ? [] : wordsOf(concept);
    const known =
      words.length === 0
        ? 'name the concept that it belongs to (--concept)'
        : `the concept is called ${words.map((word) => JSON.stringify(word)).join(', ')}`;
    throw new ParameterError(parameter, `the model does not know ${JSON.stringify(unknown)}; ${known}`);
  }
  const [learned] = unknownWords(tokenizer, sourcePrompt);
  if (learned !== undefined) {
    throw new ParameterError(
      'sourcePrompt',
      `${JSON.stringify(learned)} is no word of the model itself; say in plain words what the photo shows`,
    );
  }
  const [asked, given] = [idsOf(knowing, prompt), idsOf(tokenizer, sourcePrompt)];
  if (`${asked}` === `${given}`) {
    throw new ParameterError(
      'prompt',
      `reads the same as the source prompt (${JSON.stringify(sourcePrompt)}), so nothing would change; say what the picture should show instead`,
    );
  }
  checkSubject(parameters, tokenizer, knowing);
}

const idsOf = (tokenizer: Tokenizer, text: string): readonly number[] =>
  promptPieces(tokenizer, text).flatMap(({ ids }) => ids);

/** A mask that is found has to know of what. */
function checkSubject(
  { prompt, sourcePrompt, subject, mask, variants: names }: EditParameters,
  tokenizer: Tokenizer,
  knowing: Tokenizer,
): void {
  const finds = parseVariants(names).names.some((name) => variants[name].mask === 'subject');
  if (mask !== undefined || !finds) return;
  const prompts = {
    source: sourcePrompt,
    sourceTokenizer: tokenizer,
    target: prompt,
    targetTokenizer: knowing,
  };
  checked('subject', () =>
    subject === undefined ? findSubjectWord(prompts) : subjectFromWords(tokenizer, sourcePrompt, subject),
  );
}
