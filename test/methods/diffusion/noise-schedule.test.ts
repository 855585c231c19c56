import { describe, expect, test } from 'vitest';
import {
  type BetaCurve,
  lambdaOf,
  levelAt,
  type NoiseScheduleOptions,
  noiseSchedule,
  sigmaOf,
  stableDiffusionSchedule,
} from '../../../src/methods/diffusion/index.ts';

const scheduleWith = (options: Partial<NoiseScheduleOptions>) =>
  noiseSchedule({ ...stableDiffusionSchedule, ...options });

describe('noiseSchedule', () => {
  test('Stable Diffusion goes from σ 0.0292 to 14.61', () => {
    const schedule = noiseSchedule();
    expect(sigmaOf(levelAt(schedule, 0))).toBeCloseTo(0.02917, 5);
    expect(sigmaOf(levelAt(schedule, 999))).toBeCloseTo(14.6146, 4);
  });

  test.each<[string, BetaCurve, number, number]>([
    ['scaled-linear', { kind: 'scaled-linear', start: 0.00085, end: 0.012 }, 0.00085, 0.012],
    ['linear', { kind: 'linear', start: 0.0001, end: 0.02 }, 0.0001, 0.02],
    ['cosine', { kind: 'cosine' }, 4.128e-5, 0.999],
  ])('%s β has its ends, and ᾱ only falls', (_, betaCurve, start, end) => {
    const { betas, alphasCumprod } = scheduleWith({ betaCurve });
    expect(betas[0]).toBeCloseTo(start, 7);
    expect(betas[999]).toBeCloseTo(end, 7);
    expect(alphasCumprod.every((ᾱ, t) => t === 0 || ᾱ < alphasCumprod[t - 1]!)).toBe(true);
  });

  test('cosine ᾱ is the squared cosine that it is named for', () => {
    const { alphasCumprod } = scheduleWith({ betaCurve: { kind: 'cosine' } });
    const ᾱ = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    for (const t of [0, 250, 500, 900]) expect(alphasCumprod[t]).toBeCloseTo(ᾱ((t + 1) / 1000) / ᾱ(0), 5);
  });

  test('zero terminal SNR ends at ᾱ = 0 and keeps ᾱ_0', () => {
    const trained = noiseSchedule();
    const rescaled = scheduleWith({ terminalSnr: 'zero' });
    expect(rescaled.alphasCumprod[999]).toBe(0);
    expect(rescaled.alphasCumprod[0]).toBeCloseTo(trained.alphasCumprod[0]!, 6);
    expect(rescaled.alphasCumprod.every((ᾱ, t) => t === 0 || ᾱ < rescaled.alphasCumprod[t - 1]!)).toBe(true);
  });

  test('ᾱ before timestep 0 is 1 or ᾱ_0', () => {
    expect(levelAt(scheduleWith({ finalAlpha: 'one' }), -1)).toEqual({ timestep: -1, alpha: 1, sigma: 0 });
    expect(levelAt(scheduleWith({ finalAlpha: 'first' }), -1).alpha).toBe(levelAt(noiseSchedule(), 0).alpha);
  });

  test('λ is ln(α/σ), falling with the timestep', () => {
    const schedule = noiseSchedule();
    expect(lambdaOf(levelAt(schedule, 500))).toBeCloseTo(-Math.log(sigmaOf(levelAt(schedule, 500))), 10);
    expect(lambdaOf(levelAt(schedule, 10))).toBeGreaterThan(lambdaOf(levelAt(schedule, 11)));
  });

  test.each<[string, () => unknown, string]>([
    ['no timesteps', () => scheduleWith({ trainTimesteps: 0 }), 'a whole number ≥ 1, got 0'],
    [
      'a β of 1',
      () => scheduleWith({ trainTimesteps: 2, betaCurve: { kind: 'given', values: [0.5, 1] } }),
      'each β lies between 0 and 1, got 1 at timestep 1',
    ],
    [
      'too few β',
      () => scheduleWith({ betaCurve: { kind: 'given', values: [0.5] } }),
      '1000 training timesteps need 1000 values, got 1',
    ],
    [
      'a timestep beyond the end',
      () => levelAt(noiseSchedule(), 1000),
      'a whole timestep up to 999, got 1000',
    ],
    ['a fractional timestep', () => levelAt(noiseSchedule(), 1.5), 'a whole timestep up to 999, got 1.5'],
  ])('refuses %s with a sentence', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
