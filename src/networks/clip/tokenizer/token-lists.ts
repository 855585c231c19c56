import type { TokenizerSource } from './tokenizer-source.ts';

/** What the files of a tokenizer list, checked. */
export interface TokenLists {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** `left right`, the most important first. */
  readonly merges: readonly string[];
  /** Tokens beside the byte pairs. */
  readonly added: ReadonlyMap<string, number>;
}

/** @throws a sentence that names the file and what is wrong in it */
export function tokenLists(source: TokenizerSource): TokenLists {
  if (source.kind === 'tokenizer.json') return singleFile(source.content);
  const lines = source.merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  return {
    vocabulary: parseIds(source.vocabulary, 'vocab.json'),
    merges: parseMerges(lines),
    added: new Map(),
  };
}

function singleFile(content: unknown): TokenLists {
  const { model, added_tokens: added } = record(content, 'tokenizer.json');
  const { type, vocab, merges } = record(model, 'tokenizer.json');
  if (type !== undefined && type !== 'BPE') {
    throw new Error(`tokenizer.json: only byte-pair models are CLIP's, got the type ${JSON.stringify(type)}`);
  }
  if (!Array.isArray(merges)) {
    throw new Error('tokenizer.json: "model.merges" is a list of pairs, and is missing');
  }
  const entries = (Array.isArray(added) ? added : []).map((token) => {
    const { content, id } = record(token, 'tokenizer.json');
    return [content, id] as const;
  });
  return {
    vocabulary: parseIds(vocab, 'tokenizer.json'),
    merges: parseMerges(merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : merge))),
    added: parseIds(Object.fromEntries(entries), 'tokenizer.json'),
  };
}

/** 42 times CLIP's 49,408: a table of so many rows would still fit in memory. */
const mostTokens = 2 ** 21;

/** An object of ids by token. */
export function parseIds(value: unknown, file: string): ReadonlyMap<string, number> {
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

/** An object of a JSON file; a file that is left out is an empty one. */
export function record(value: unknown, file: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  const found = Array.isArray(value) ? 'a list' : JSON.stringify(value);
  throw new Error(`${file}: expected an object, got ${found}`);
}
