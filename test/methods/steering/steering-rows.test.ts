import { describe, expect, it } from 'vitest';
import { normal, randomKey, zeros } from '../../../src/engine/index.ts';
import { timestep } from '../../../src/methods/diffusion/index.ts';
import type { SurrogateTerm } from '../../../src/methods/steering/edsd.ts';
import { steeringRows } from '../../../src/methods/steering/steering-rows.ts';

const shape = [1, 4, 2, 2];
const random = (seed: number) => normal(randomKey(seed), shape);
const term = (seed: number, text: SurrogateTerm['text']): SurrogateTerm => ({
  noisy: random(seed),
  timestep: timestep(seed),
  text,
  direction: random(100 + seed),
});
const prompts = { prompt: 'a toy', 'negative prompt': '' };

describe('the rows of a step', () => {
  const terms = [
    [term(1, 'prompt'), term(2, 'negative prompt')],
    [term(3, 'prompt'), term(4, 'negative prompt')],
  ];
  const batch = {
    sample: random(5),
    target: random(6),
    weight: normal(randomKey(7), [1, 1, 2, 2]),
    timestep: zeros([1]),
    prompts: ['a toy'],
  };

  it('sum to the mean of the terms over the edited images, and to all of the batch of mode shifting', () => {
    const rows = steeringRows(terms, batch, prompts, shape);
    const directions = terms.flat().flatMap(({ direction }) => [...direction.data].map((value) => value / 2));
    expect([...rows.direction.data]).toEqual([...Float32Array.from(directions), ...new Float32Array(16)]);
    expect([...rows.weight.data]).toEqual([...new Float32Array(16), ...batch.weight.data]);
    expect([...rows.target.data]).toEqual([...new Float32Array(64), ...batch.target.data]);
  });

  it('keep each with its latents, its time and its prompt', () => {
    const rows = steeringRows(terms, batch, prompts, shape);
    expect([...rows.sample.data]).toEqual(
      [...terms.flat().map(({ noisy }) => noisy), batch.sample].flatMap(({ data }) => [...data]),
    );
    expect([...rows.timestep.data]).toEqual([1, 2, 3, 4, 0]);
    expect(rows.prompts).toEqual(['a toy', '', 'a toy', '', 'a toy']);
  });

  it('are those of one loss where the other is off', () => {
    expect(steeringRows([], batch, prompts, shape).sample).toEqual(batch.sample);
    const alone = steeringRows(terms, undefined, prompts, shape);
    expect(alone.prompts).toHaveLength(4);
    expect([...alone.weight.data].every((value) => value === 0)).toBe(true);
  });
});
