import { describe, expect, it } from 'vitest';
import { type NdArray, normal, randomKey } from '../../../src/engine/index.ts';
import { levelAt, type Timestep } from '../../../src/methods/diffusion/index.ts';
import { drawBatch } from '../../../src/methods/personalization/index.ts';
import { modeShiftingSource } from '../../../src/methods/steering/mode-shifting.ts';
import { tinyScheduler } from '../personalization/tiny-pipeline.ts';
import { tinyMask } from './tiny-steering.ts';

const { schedule } = tinyScheduler;
const images = [1, 2, 3].map((seed) => normal(randomKey(seed), [1, 4, 8, 8]));
const [weight, batchSize, scalingFactor] = [7, 6, 0.25];

const batchOf = (region: 'everywhere' | 'subject') => {
  const examples = { images, prompt: 'a toy', mask: tinyMask, scalingFactor, key: randomKey(4) };
  const source = modeShiftingSource({ weight, batchSize, region }, examples);
  return drawBatch([source], 0, { schedule, scalingFactor });
};

const itemOf = ({ data }: NdArray, item: number, of = batchSize): number[] =>
  Array.from(data, Number).slice((item * data.length) / of, ((item + 1) * data.length) / of);

describe('a batch of mode shifting', () => {
  it('is the guided images themselves under noise, each once before one is shown again, with ε to be predicted', () => {
    const { sample, target, timestep, prompts } = batchOf('everywhere');
    const shown = Array.from({ length: batchSize }, (_, item) => {
      const { alpha, sigma } = levelAt(schedule, Number(timestep.data[item]) as Timestep);
      const noise = itemOf(target, item);
      const clean = itemOf(sample, item).map((value, at) => (value - sigma * noise[at]!) / alpha);
      const distances = images.map((image) =>
        Math.max(...clean.map((value, at) => Math.abs(value - image.data[at]!))),
      );
      expect(Math.min(...distances)).toBeLessThan(1e-2);
      return distances.indexOf(Math.min(...distances));
    });
    expect(shown.slice(0, 3).sort()).toEqual([0, 1, 2]);
    expect(shown.slice(3).sort()).toEqual([0, 1, 2]);
    expect(new Set(prompts)).toEqual(new Set(['a toy']));
    const values = Array.from(target.data, Number);
    expect(values.reduce((sum, value) => sum + value ** 2, 0) / values.length).toBeCloseTo(1, 1);
  });

  it('counts μ times the mean over all elements, or over the mask', () => {
    const [channels, places] = [4, 64];
    const everywhere = itemOf(batchOf('everywhere').weight, 0);
    expect(everywhere).toHaveLength(places);
    for (const each of everywhere) expect(each).toBeCloseTo(weight / batchSize / (channels * places), 7);

    const covered = tinyMask.data.reduce((sum, share) => sum + share, 0);
    const subject = itemOf(batchOf('subject').weight, 0);
    for (const [at, each] of subject.entries()) {
      expect(each).toBeCloseTo((weight / batchSize / (channels * covered)) * tinyMask.data[at]!, 7);
    }
  });
});
