import { describe, expect, test } from 'vitest';
import { fold, ndArray, randomKey, zeros } from '../../../src/engine/index.ts';
import { noiseSchedule, stableDiffusionSchedule } from '../../../src/methods/diffusion/index.ts';
import { drawBatch, type Example, type ExampleSource } from '../../../src/methods/personalization/index.ts';

const schedule = noiseSchedule();
const options = { schedule, scalingFactor: 0.5 };

/** A latent of 2 x 2 with 4 channels, all of one value, without variance. */
const example = (value: number, prompt: string, valid = [1, 1, 1, 1]): Example => ({
  mean: ndArray('float32', [1, 4, 2, 2], new Float32Array(16).fill(value)),
  logVariance: ndArray('float32', [1, 4, 2, 2], new Float32Array(16).fill(-30)),
  valid: Float32Array.from(valid),
  prompts: [prompt],
});

const source = (examples: readonly Example[], extra: Partial<ExampleSource> = {}): ExampleSource => ({
  examples: examples.map((each) => [each]),
  count: 2,
  weight: 1,
  key: randomKey(1),
  ...extra,
});

const five = ['a', 'b', 'c', 'd', 'e'].map((prompt, value) => example(value, prompt));

describe('a training batch', () => {
  test('shows every picture once before one is shown again', () => {
    const shown = Array.from(
      { length: 10 },
      (_, number) => drawBatch([source(five)], number, options).prompts,
    ).flat();
    for (let round = 0; round < 4; round++) {
      expect(shown.slice(5 * round, 5 * round + 5).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    }
    expect(shown.slice(0, 5)).not.toEqual(shown.slice(5, 10));
  });

  test('depends on its number alone', () => {
    expect(drawBatch([source(five)], 7, options)).toEqual(drawBatch([source(five)], 7, options));
    expect(drawBatch([source(five)], 7, options)).not.toEqual(drawBatch([source(five)], 8, options));
  });

  test('is x_t = α (scaling factor · z) + σ ε with the target that the model was trained for', () => {
    for (const predictionType of ['epsilon', 'v_prediction', 'sample'] as const) {
      const own = noiseSchedule({ ...stableDiffusionSchedule, predictionType });
      const { sample, target, timestep } = drawBatch([source([example(3, 'x')], { count: 1 })], 0, {
        ...options,
        schedule: own,
      });
      const ᾱ = own.alphasCumprod[timestep.data[0] as number]!;
      const [α, σ] = [Math.sqrt(ᾱ), Math.sqrt(1 - ᾱ)];
      const ε = (Number(sample.data[0]) - α * 1.5) / σ;
      const expected = { epsilon: ε, v_prediction: α * ε - σ * 1.5, sample: 1.5 }[predictionType];
      expect(target.data[0]).toBeCloseTo(expected, 3);
    }
  });

  test('draws latents from their distribution', () => {
    const spread = { ...example(1, 'x'), logVariance: zeros([1, 4, 2, 2]) };
    const own = noiseSchedule({ ...stableDiffusionSchedule, predictionType: 'sample' });
    const drawn = Array.from({ length: 200 }, (_, number) =>
      [...drawBatch([source([spread])], number, { ...options, schedule: own }).target.data].map(Number),
    ).flat();
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(0.25, 1);
  });

  test('weighs errors to the mean of the references and λ times that of the class, over valid cells', () => {
    const masked = example(0, 'x', [1, 0, 1, 0]);
    const { weight, prompts } = drawBatch(
      [source([masked]), source([example(0, 'class')], { count: 1, weight: 0.25, key: randomKey(2) })],
      0,
      options,
    );
    expect(prompts).toEqual(['x', 'x', 'class']);
    expect([...weight.data].map(Number)).toEqual([
      ...[1 / 16, 0, 1 / 16, 0],
      ...[1 / 16, 0, 1 / 16, 0],
      ...new Array(4).fill(1 / 64),
    ]);
    // Four channels share a weight: all in all 1 + λ.
    expect([...weight.data].reduce((sum: number, value) => sum + 4 * Number(value), 0)).toBeCloseTo(1.25, 6);
  });

  test('has independent noise in references and class pictures', () => {
    const other = source(five, { key: fold(randomKey(1), 'other') });
    const { sample } = drawBatch([source(five), other], 0, options);
    const half = sample.data.length / 2;
    expect(sample.data.slice(0, half)).not.toEqual(sample.data.slice(half));
  });
});
