import { describe, expect, it } from 'vitest';
import { normal, randomKey, resultOf } from '../../../src/engine/index.ts';
import {
  type Denoiser,
  noiseSchedule,
  type SamplerSettings,
  sample,
  startSampler,
} from '../../../src/methods/diffusion/index.ts';

describe('DPM-Solver++', () => {
  const settings = (lowerOrderFinal: boolean): SamplerSettings => ({
    name: 'dpm-solver++',
    options: {
      timestepSpacing: 'linspace',
      stepsOffset: 0,
      order: 2,
      solver: 'midpoint',
      lowerOrderFinal,
      sigmas: 'schedule',
      finalLevel: 'first-timestep',
      lowestLambda: Number.NEGATIVE_INFINITY,
    },
  });
  const schedule = noiseSchedule();
  const denoise: Denoiser = async (latents, timestep) => normal(randomKey(timestep), latents.shape);

  async function end(steps: number, lowerOrderFinal: boolean) {
    const start = { kind: 'noise', shape: [1, 1, 2, 2] } as const;
    const walk = sample({
      denoise,
      schedule,
      sampler: settings(lowerOrderFinal),
      steps,
      start,
      key: randomKey(1),
    });
    const latents = await resultOf(walk);
    return [...latents.data];
  }

  it('ends with a step of first order under 15 steps only', async () => {
    expect(await end(14, true)).not.toEqual(await end(14, false));
    expect(await end(15, true)).toEqual(await end(15, false));
  });
});

describe('DDIM', () => {
  it('goes down by whole strides, rounded down', () => {
    const { steps } = startSampler(
      noiseSchedule(),
      {
        name: 'ddim',
        options: { timestepSpacing: 'leading', stepsOffset: 1, eta: 0, clipRange: Number.POSITIVE_INFINITY },
      },
      { steps: 35 },
    );
    // 1000 / 35 is 28.57
    expect(steps.map(({ from, to }) => from.timestep - to.timestep)).toEqual(new Array(35).fill(28));
    expect(steps[0]!.from.timestep).toBe(34 * 28 + 1);
  });
});
