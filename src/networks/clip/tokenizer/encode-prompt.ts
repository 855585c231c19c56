import { type NdArray, ndArray } from '../../../engine/index.ts';
import { type Piece, promptPieces } from './pieces.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface EncodedPrompt {
  /** As many as the tokenizer's length, 77: begin, the prompt, end, padding. */
  readonly ids: readonly number[];
  /** The pieces for which there was no room, or no room for all their tokens; usually none. */
  readonly dropped: readonly Piece[];
}

/** Ids of a prompt, truncated or padded to the tokenizer's length; the end token is always there. */
export function encodePrompt(tokenizer: Tokenizer, prompt: string): EncodedPrompt {
  const { special, length } = tokenizer;
  const pieces = promptPieces(tokenizer, prompt);
  const room = length - 2;
  const content = pieces.flatMap(({ ids }) => ids).slice(0, room);
  const padding = new Array<number>(room - content.length).fill(special.padding);
  let end = 0;
  const dropped = pieces.filter(({ ids }) => {
    end += ids.length;
    return end > room;
  });
  return { ids: [special.begin, ...content, special.end, ...padding], dropped };
}

/** Ids of several prompts as the text tower takes them: int64 [prompts, 77]. */
export function encodePrompts(tokenizer: Tokenizer, prompts: readonly string[]): NdArray<'int64'> {
  const ids = prompts.flatMap((prompt) => encodePrompt(tokenizer, prompt).ids);
  return ndArray('int64', [prompts.length, tokenizer.length], BigInt64Array.from(ids, BigInt));
}
