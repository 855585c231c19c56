import { withPlaceholder } from './placeholders.ts';
import { parseIds, record, tokenLists } from './token-lists.ts';
import type { SpecialTokens, Tokenizer } from './tokenizer.ts';
import type { TokenizerSource } from './tokenizer-source.ts';
import { beginToken, endToken } from './vocabulary-from-merges.ts';

/**
 * Makes a tokenizer. Special tokens default to CLIP's, padding to the end token, the length to 77. Added tokens
 * that are not in the vocabulary become placeholders; `<cat>_1`, `<cat>_2`, … are further vectors of `<cat>`.
 * @throws a sentence that names the file and what is wrong in it
 */
export function parseTokenizer(source: TokenizerSource): Tokenizer {
  const { vocabulary, merges, added } = tokenLists(source);
  const { config, specialTokens, addedTokens, cleaning = 'fixed' } = source.settings ?? {};
  const settings = record(config, 'tokenizer_config.json');
  const tokenizer: Tokenizer = {
    vocabulary,
    tokens: new Map(Array.from(vocabulary, ([token, id]) => [id, token])),
    mergeRanks: new Map(merges.map((merge, rank) => [merge, rank])),
    placeholders: new Map(),
    special: parseSpecial(vocabulary, [record(specialTokens, 'special_tokens_map.json'), settings]),
    length: parseLength(settings.model_max_length),
    cleaning,
  };
  const placeholders = [
    ...added,
    ...parseIds(addedTokens, 'added_tokens.json'),
    ...parseIds(byContent(settings.added_tokens_decoder), 'tokenizer_config.json'),
  ].filter(([token]) => !vocabulary.has(token));
  return withVectors(tokenizer, new Map(placeholders));
}

function parseSpecial(
  vocabulary: ReadonlyMap<string, number>,
  settings: readonly Readonly<Record<string, unknown>>[],
): SpecialTokens {
  const idOf = (key: string, fallback: string): number => {
    const given = settings.map((setting) => contentOf(setting[key])).find((token) => token !== undefined);
    const token = given ?? fallback;
    const id = vocabulary.get(token);
    if (id !== undefined) return id;
    throw new Error(`tokenizer_config.json: the ${key} "${token}" is not in the vocabulary`);
  };
  return {
    begin: idOf('bos_token', beginToken),
    end: idOf('eos_token', endToken),
    padding: idOf('pad_token', endToken),
    unknown: idOf('unk_token', endToken),
  };
}

/** A token is written as a text, or as an object with its text in `content`. */
function contentOf(token: unknown): string | undefined {
  const text = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
  return typeof text === 'string' ? text : undefined;
}

/** `{ "49408": { "content": "<cat>" } }` → `{ "<cat>": 49408 }` */
const byContent = (decoder: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(record(decoder ?? undefined, 'tokenizer_config.json')).map(([id, token]) => [
      contentOf(token) ?? '',
      Number(id),
    ]),
  );

function parseLength(length: unknown): number {
  // transformers writes 10^30 for "not stated".
  if (length === undefined || length === null || (typeof length === 'number' && length > 1e9)) return 77;
  if (typeof length === 'number' && Number.isInteger(length) && length >= 3 && length <= 4096) return length;
  throw new Error(
    `tokenizer_config.json: "model_max_length" is a whole number from 3 to 4096, got ${JSON.stringify(length)}`,
  );
}

/** Adds placeholders, each with the ids of its further vectors. */
function withVectors(tokenizer: Tokenizer, added: ReadonlyMap<string, number>): Tokenizer {
  const further = new Set<string>();
  const idsOf = (name: string): number[] => {
    const ids = [added.get(name)!];
    for (let vector = 1; added.has(`${name}_${vector}`); vector++) {
      further.add(`${name}_${vector}`);
      ids.push(added.get(`${name}_${vector}`)!);
    }
    return ids;
  };
  const placeholders = Array.from(added.keys(), (name) => [name, idsOf(name)] as const);
  return placeholders
    .filter(([name]) => !further.has(name))
    .reduce((extended, [name, ids]) => withPlaceholder(extended, name, ids), tokenizer);
}
