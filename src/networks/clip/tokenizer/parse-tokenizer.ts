import type { Cleaning } from './clean-text.ts';
import { withPlaceholder } from './placeholders.ts';
import type { SpecialTokens, Tokenizer } from './tokenizer.ts';
import { beginToken, endToken } from './vocabulary-from-merges.ts';

/** The files of a tokenizer, JSON parsed. The first two are enough; the others say what differs from CLIP. */
export type TokenizerSource =
  | {
      readonly kind: 'vocabulary and merges';
      /** vocab.json: token → id. */
      readonly vocabulary: unknown;
      /** merges.txt: `left right`, one a line, the most important first. */
      readonly merges: string;
      readonly settings?: TokenizerSettings;
    }
  | {
      readonly kind: 'tokenizer.json';
      readonly content: unknown;
      readonly settings?: TokenizerSettings;
    };

export interface TokenizerSettings {
  /** tokenizer_config.json: special tokens, `model_max_length`. */
  readonly config?: unknown;
  /** special_tokens_map.json: goes before tokenizer_config.json. */
  readonly specialTokens?: unknown;
  /** added_tokens.json: placeholders → ids. */
  readonly addedTokens?: unknown;
  /** Default `fixed`. */
  readonly cleaning?: Cleaning;
}

/**
 * Makes a tokenizer. Special tokens default to CLIP's, padding to the end token, the length to 77. Added tokens
 * that are not in the vocabulary become placeholders; `<cat>_1`, `<cat>_2`, … are further vectors of `<cat>`.
 * @throws a sentence that names the file and what is wrong in it
 */
export function parseTokenizer(source: TokenizerSource): Tokenizer {
  const { vocabulary, merges, added } =
    source.kind === 'tokenizer.json' ? fromSingle(source.content) : fromTwo(source);
  const { config, specialTokens, addedTokens, cleaning = 'fixed' } = source.settings ?? {};
  const special = parseSpecial(vocabulary, [record(specialTokens), record(config)]);
  const tokenizer: Tokenizer = {
    vocabulary,
    tokens: invert(vocabulary),
    mergeRanks: new Map(merges.map((merge, rank) => [merge, rank])),
    placeholders: new Map(),
    special,
    length: parseLength(record(config).model_max_length),
    cleaning,
  };
  const ids = new Map([...added, ...parseIds(addedTokens ?? {}, 'added_tokens.json')]);
  return withAdded(tokenizer, new Map([...ids].filter(([token]) => !vocabulary.has(token))));
}

interface Parts {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly string[];
  readonly added: ReadonlyMap<string, number>;
}

/** 32 times CLIP's; a table of so many rows would still fit in memory. */
const mostTokens = 2 ** 21;

const fromTwo = (source: { readonly vocabulary: unknown; readonly merges: string }): Parts => ({
  vocabulary: parseIds(source.vocabulary, 'vocab.json'),
  merges: parseMerges(
    source.merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
  ),
  added: new Map(),
});

function fromSingle(content: unknown): Parts {
  const { model, added_tokens: added } = record(content);
  const { type, vocab, merges } = record(model);
  if (type !== undefined && type !== 'BPE') {
    throw new Error(`tokenizer.json: only byte-pair models are CLIP's, got the type ${JSON.stringify(type)}`);
  }
  if (!Array.isArray(merges))
    throw new Error('tokenizer.json: "model.merges" is a list of pairs, and is missing');
  const entries = (Array.isArray(added) ? added : []).map((token) => [
    record(token).content,
    record(token).id,
  ]);
  return {
    vocabulary: parseIds(vocab, 'tokenizer.json'),
    merges: parseMerges(merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : merge))),
    added: parseIds(Object.fromEntries(entries), 'tokenizer.json'),
  };
}

function parseIds(value: unknown, file: string): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const taken = new Map<number, string>();
  for (const [token, id] of Object.entries(record(value, file))) {
    if (!(typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < mostTokens)) {
      throw new Error(
        `${file}: the id of "${token}" is a whole number from 0 to ${mostTokens - 1}, got ${JSON.stringify(id)}`,
      );
    }
    const other = taken.get(id);
    if (other !== undefined) throw new Error(`${file}: "${other}" and "${token}" both have the id ${id}`);
    taken.set(id, token);
    ids.set(token, id);
  }
  return ids;
}

function parseMerges(merges: readonly unknown[]): readonly string[] {
  return merges.map((merge, index) => {
    if (typeof merge === 'string' && /^\S+ \S+$/.test(merge)) return merge;
    throw new Error(
      `merges.txt: merge ${index + 1} is two tokens with a space between, got ${JSON.stringify(merge)}`,
    );
  });
}

function parseSpecial(
  vocabulary: ReadonlyMap<string, number>,
  settings: readonly Readonly<Record<string, unknown>>[],
): SpecialTokens {
  const idOf = (key: string, fallback: string): number => {
    const token =
      settings.map((setting) => contentOf(setting[key])).find((name) => name !== undefined) ?? fallback;
    const id = vocabulary.get(token);
    if (id === undefined)
      throw new Error(`tokenizer_config.json: the ${key} "${token}" is not in the vocabulary`);
    return id;
  };
  return {
    begin: idOf('bos_token', beginToken),
    end: idOf('eos_token', endToken),
    padding: idOf('pad_token', endToken),
    unknown: idOf('unk_token', endToken),
  };
}

/** Special tokens are written as a text, or as an object with their text in `content`. */
const contentOf = (token: unknown): string | undefined => {
  const text = typeof token === 'object' && token !== null ? record(token).content : token;
  return typeof text === 'string' ? text : undefined;
};

function parseLength(length: unknown): number {
  // transformers writes 10^30 for "not stated".
  if (length === undefined || length === null || (typeof length === 'number' && length > 1e9)) return 77;
  if (typeof length === 'number' && Number.isInteger(length) && length >= 3 && length <= 4096) return length;
  throw new Error(
    `tokenizer_config.json: "model_max_length" is a whole number from 3 to 4096, got ${JSON.stringify(length)}`,
  );
}

function withAdded(tokenizer: Tokenizer, added: ReadonlyMap<string, number>): Tokenizer {
  let extended = tokenizer;
  for (const [name, first] of added) {
    const [, base] = /^(.+)_\d+$/.exec(name) ?? [];
    if (base !== undefined && added.has(base)) continue;
    const ids = [first];
    for (let next = added.get(`${name}_1`); next !== undefined; next = added.get(`${name}_${ids.length}`))
      ids.push(next);
    extended = withPlaceholder(extended, name, ids);
  }
  return extended;
}

const invert = (vocabulary: ReadonlyMap<string, number>): ReadonlyMap<number, string> =>
  new Map(Array.from(vocabulary, ([token, id]) => [id, token]));

function record(value: unknown, file = 'tokenizer files'): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(
    `${file}: expected an object, got ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`,
  );
}
