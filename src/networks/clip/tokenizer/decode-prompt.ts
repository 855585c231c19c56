import { textOf } from './byte-pairs.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface DecodeOptions {
  /** Whether begin, end and padding tokens are written. Default `skip`. */
  readonly special?: 'keep' | 'skip';
}

/**
 * The text of ids, lower-cased as the tokenizer left it, with the usual spaces around punctuation taken out: what
 * transformers' `decode` gives. A placeholder of several vectors is written once.
 * @throws if an id is not in the vocabulary
 */
export function decodePrompt(
  tokenizer: Tokenizer,
  ids: readonly number[],
  { special = 'skip' }: DecodeOptions = {},
): string {
  const { begin, end, padding } = tokenizer.special;
  const kept = special === 'keep' ? ids : ids.filter((id) => id !== begin && id !== end && id !== padding);
  const vectors = new Map(
    [...tokenizer.placeholders].flatMap(([name, ids]) =>
      ids.map((id, index) => [id, index === 0 ? [name] : []] as const),
    ),
  );
  const parts: string[] = [];
  let run: string[] = [];
  const finishRun = () => {
    if (run.length > 0) parts.push(textOf(run).trim());
    run = [];
  };
  for (const id of kept) {
    const placeholder = vectors.get(id);
    if (placeholder === undefined) {
      run.push(tokenOf(tokenizer, id));
    } else {
      finishRun();
      parts.push(...placeholder);
    }
  }
  finishRun();
  return closeUp(parts.join(' '));
}

function tokenOf({ tokens }: Tokenizer, id: number): string {
  const token = tokens.get(id);
  if (token === undefined) throw new Error(`decodePrompt: the vocabulary has no token ${id}`);
  return token;
}

/** One after the other: where two could close up the same space, the earlier one does. */
const closeUp = (text: string): string =>
  [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", " 's", " 've", " 're"].reduce(
    (text, apart) => text.replaceAll(apart, apart.trim()),
    text,
  );
