import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cleaning,
  decodePrompt,
  encodePrompt,
  parseTokenizer,
  promptPieces,
  type Tokenizer,
} from '../../src/networks/clip/tokenizer/index.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';

/**
 * Compares the tokenizer of a folder (vocab.json, merges.txt, tokenizer_config.json) with the ids of its
 * golden_ids.json: OpenAI's, transformers' with and without ftfy, padded to 77, and decoded. All exact.
 */
export async function* compareTokenizer(folder: string): AsyncGenerator<ParityResult> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const optional = (name: string): unknown =>
    existsSync(join(folder, name)) ? JSON.parse(read(name)) : undefined;
  const vocabulary: unknown = JSON.parse(read('vocab.json'));
  const merges = read('merges.txt');
  const settings = {
    config: optional('tokenizer_config.json'),
    specialTokens: optional('special_tokens_map.json'),
  };
  const withCleaning = (cleaning: Cleaning) =>
    parseTokenizer({
      kind: 'vocabulary and merges',
      vocabulary,
      merges,
      settings: { ...settings, cleaning },
    });
  const tokenizers = {
    openai: withCleaning('fixed and unescaped'),
    hf: withCleaning('fixed'),
    withoutFtfy: withCleaning('basic'),
  };
  const { items } = JSON.parse(read('golden_ids.json')) as { readonly items: readonly Item[] };
  if (items.length === 0) throw new Error(`compareTokenizer: ${folder}/golden_ids.json has no items`);
  for (const item of items) yield* compareItem(item, tokenizers);
}

/** Ids, or a text that says which other ids they equal. */
interface Item {
  readonly text: string;
  readonly openai: readonly number[];
  readonly hf: readonly number[] | string;
  readonly hf_without_ftfy: readonly number[] | string;
  readonly hf_padded77: readonly number[] | string;
  readonly hf_decoded: string;
}

interface Tokenizers {
  readonly openai: Tokenizer;
  readonly hf: Tokenizer;
  readonly withoutFtfy: Tokenizer;
}

function* compareItem(item: Item, { openai, hf, withoutFtfy }: Tokenizers): Generator<ParityResult> {
  const { text } = item;
  const name = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  const theirs = typeof item.hf === 'string' ? item.openai : item.hf;
  const basic = typeof item.hf_without_ftfy === 'string' ? theirs : item.hf_without_ftfy;
  const padded = typeof item.hf_padded77 === 'string' ? pad(theirs, hf) : item.hf_padded77;
  yield exact(`openai ${name}`, allIds(openai, text), item.openai);
  yield exact(`hf ${name}`, allIds(hf, text), theirs);
  yield exact(`hf without ftfy ${name}`, allIds(withoutFtfy, text), basic);
  yield exact(`hf padded ${name}`, encodePrompt(hf, text).ids, padded);
  const decoded = decodePrompt(hf, allIds(hf, text), { special: 'keep' });
  yield exact(`hf decoded ${name}`, codePoints(decoded), codePoints(item.hf_decoded));
}

/** Without truncation. */
const allIds = (tokenizer: Tokenizer, text: string): number[] => [
  tokenizer.special.begin,
  ...promptPieces(tokenizer, text).flatMap(({ ids }) => ids),
  tokenizer.special.end,
];

const pad = (ids: readonly number[], { special, length }: Tokenizer): number[] => [
  ...ids,
  ...new Array<number>(length - ids.length).fill(special.padding),
];

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);

/** Sequences of different lengths differ, too. */
function exact(name: string, ours: readonly number[], theirs: readonly number[]): ParityResult {
  if (ours.length === theirs.length) return compareNumbers(name, ours, theirs, 0);
  return { name, largestAbsoluteError: Infinity, largestRelativeError: Infinity, tolerance: 0, pass: false };
}
