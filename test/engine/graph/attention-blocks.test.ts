import { describe, expect, it } from 'vitest';
import { attention, input, spec, topologicalOrder } from '../../../src/engine/graph/index.ts';

const softmaxes = (tokens: number, heads: number): readonly number[] => {
  const all = input('x', spec([heads, tokens, 8]));
  return topologicalOrder([attention(all, all, all)])
    .filter(({ primitive }) => primitive === 'softmax')
    .map(({ shape }) => shape.reduce((product, side) => product * side, 1));
};

describe('the blocks of attention', () => {
  it.each([
    ['one where the scores fit it', 512, 8, 1],
    ['blocks of 2^22 scores, heads taken in turns', 2048, 8, 8],
    ['and queries, where those of a head do not fit', 4096, 8, 32],
    ['never so many that graphs grow without bound', 2 ** 20, 8, 1024],
  ])('are %s', (_, tokens, heads, blocks) => {
    const sizes = softmaxes(tokens, heads);
    expect(sizes).toHaveLength(blocks);
    expect(Math.max(...sizes)).toBe((heads * tokens ** 2) / blocks);
  });
});
