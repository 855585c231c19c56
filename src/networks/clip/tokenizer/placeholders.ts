import { endOfWord } from './byte-pairs.ts';
import { type Tokenizer, vocabularySize } from './tokenizer.ts';

export interface Placeholder {
  /** As it is written in prompts: `<my-cat>`. */
  readonly name: string;
  /** How many embedding vectors it stands for. Default 1. */
  readonly vectors?: number;
}

/** More vectors than a prompt has room for are a mistake. */
const mostVectors = 75;

/**
 * A tokenizer that knows a further word, for textual inversion (Gal et al. 2022, arXiv 2208.01618). Its ids follow
 * the highest one so far: they are the rows that the embedding table must be extended by. The second and further
 * vectors are called `<my-cat>_1`, `<my-cat>_2`, …, as diffusers calls them.
 * @throws if the name is empty, has white space in it, or is a token or placeholder already
 */
export function addPlaceholder(tokenizer: Tokenizer, { name, vectors = 1 }: Placeholder): Tokenizer {
  if (!(Number.isInteger(vectors) && vectors >= 1 && vectors <= mostVectors)) {
    throw new Error(
      `addPlaceholder: "${name}" stands for a whole number of vectors, 1 to ${mostVectors}, got ${vectors}`,
    );
  }
  const first = vocabularySize(tokenizer);
  return withPlaceholder(
    tokenizer,
    name,
    Array.from({ length: vectors }, (_, index) => first + index),
  );
}

/** The same with given ids, as files that were saved with placeholders in them tell them. */
export function withPlaceholder(tokenizer: Tokenizer, name: string, ids: readonly number[]): Tokenizer {
  const names = ids.map((_, index) => (index === 0 ? name : `${name}_${index}`));
  for (const each of names) checkFree(tokenizer, each);
  for (const id of ids) {
    const owner = tokenizer.tokens.get(id);
    if (owner !== undefined)
      throw new Error(`addPlaceholder: the id ${id} of "${name}" is that of "${owner}"`);
  }
  return {
    ...tokenizer,
    tokens: new Map([...tokenizer.tokens, ...ids.map((id, index) => [id, names[index]!] as const)]),
    placeholders: new Map([...tokenizer.placeholders, [name, ids]]),
  };
}

function checkFree({ vocabulary, tokens, placeholders }: Tokenizer, name: string): void {
  if (name === '' || /\s/.test(name)) {
    throw new Error(
      `addPlaceholder: a placeholder is one word without white space, got ${JSON.stringify(name)}`,
    );
  }
  if (placeholders.has(name) || [...tokens.values()].includes(name)) {
    throw new Error(
      `addPlaceholder: "${name}" is a token already; choose a name such as "<${name.replace(/[<>]/g, '')}-2>"`,
    );
  }
  if (vocabulary.has(name + endOfWord)) {
    throw new Error(
      `addPlaceholder: "${name}" is a word of the vocabulary; choose a name such as "<${name}>"`,
    );
  }
}
