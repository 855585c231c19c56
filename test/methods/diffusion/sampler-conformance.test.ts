import { describe, expect, test } from 'vitest';
import { fromNested, full, normal, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  isStochastic,
  type Latents,
  type NoiseSchedule,
  noiseSchedule,
  type PredictionType,
  type SampleOptions,
  type SamplingEvent,
  sample,
  samplerNames,
  samplers,
  stableDiffusionSchedule,
  startSampler,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import { distance } from './distance.ts';
import { deviationAt, exactSolution, gaussian, idealClean, idealDenoiser } from './gaussian.ts';
import { type SamplerCase, samplerCases } from './sampler-cases.ts';

const scheduleOf = (predictionType: PredictionType) =>
  noiseSchedule({ ...stableDiffusionSchedule, predictionType });
const schedule = scheduleOf('epsilon');
const first = fromNested([[-2, -1, 0.3, 1.7]]);

for (const name of samplerNames) {
  for (const each of samplerCases[name] as readonly SamplerCase[]) describe(each.title, () => suite(each));
}

function suite(each: SamplerCase): void {
  const { settings } = each;
  const minimum = each.title === 'PNDM with Runge-Kutta warm-up' ? 4 : 1;

  if (each.kind === 'deterministic') {
    const errorOf = async (steps: number) => {
      const { start, events } = await walk(settings, steps);
      const judged = events.at(each.judged === 'at the end' ? -1 : -2)!;
      return distance(judged.latents, exactSolution(first, start, judged.level));
    };

    test('comes close to the exact solution of the ODE', async () => {
      expect(await errorOf(250)).toBeLessThan(each.errorAt250);
    });

    test('converges at its order', async () => {
      const [from, to, factor] = each.fallsBy;
      expect((await errorOf(from)) / (await errorOf(to))).toBeGreaterThan(factor);
    });

    test('epsilon and v predictions give the same trajectory', async () => {
      const ours = await walk(settings, 50);
      const theirs = await walk(settings, 50, { schedule: scheduleOf('v_prediction') });
      const distances = ours.events.map((event, i) => distance(event.latents, theirs.events[i]!.latents));
      expect(Math.max(...distances)).toBeLessThan(each.epsilonAgainstV);
    });

    test('calls the denoiser as often as it says', async () => {
      expect((await walk(settings, 20)).events).toHaveLength(each.callsFor20);
    });

    test('a part of the walk follows the ODE too', async () => {
      const { start, events } = await walk(settings, 100, { strength: 0.4 });
      const whole = startSampler(schedule, settings, { steps: 100 }).steps;
      const end = events.at(-1)!;
      if (samplers[settings.name].direction === 'to-noise')
        expect(end.level.sigma).toBeLessThan(whole.at(-1)!.to.sigma);
      else expect(start.sigma).toBeLessThan(whole[0]!.from.sigma);
      expect(distance(end.latents, exactSolution(first, start, end.level))).toBeLessThan(0.06);
    });
  } else {
    test('samples the exact mean and standard deviation', async () => {
      const { start } = await walk(settings, 250);
      const many = normal(randomKey(5), [20_000]);
      const latents = weightedSum(
        [deviationAt(start), many],
        [start.alpha * gaussian.mean, full(many.shape, 1)],
      );
      const { events } = await walk(settings, 250, { start: { kind: 'latents', latents } });
      const end = events.at(-1)!;
      const { mean, deviation } = statistics(end.latents);
      expect(Math.abs(mean - end.level.alpha * gaussian.mean)).toBeLessThan(each.errorAt250);
      expect(Math.abs(deviation - deviationAt(end.level))).toBeLessThan(each.errorAt250);
    });

    test('epsilon and v predictions give the same trajectory', async () => {
      const ours = await walk(settings, 50);
      const theirs = await walk(settings, 50, { schedule: scheduleOf('v_prediction') });
      const distances = ours.events.map((event, i) => distance(event.latents, theirs.events[i]!.latents));
      expect(Math.max(...distances)).toBeLessThan(1e-4);
    });

    test('another key gives other noise in the steps', async () => {
      const ours = await walk(settings, 10);
      const theirs = await walk(settings, 10, { key: randomKey(2) });
      expect(distance(ours.result, theirs.result)).toBeGreaterThan(0.1);
    });

    test('takes the noise that it is given', async () => {
      const stepNoise = (index: number) => normal(randomKey(100 + index), first.shape);
      const ours = await walk(settings, 10, { stepNoise });
      const theirs = await walk(settings, 10, { stepNoise, key: randomKey(2) });
      expect(ours.result).toEqual(theirs.result);
    });
  }

  test('is asked about the latents of the step before', () => {
    const { steps } = startSampler(schedule, settings, { steps: 20 });
    for (const [place, { from }] of steps.slice(1).entries()) {
      expect(Math.abs(from.sigma - steps[place]!.to.sigma)).toBeLessThan(2e-3);
    }
  });

  test('says whether its steps draw noise', () => {
    expect(isStochastic(settings)).toBe(each.kind === 'stochastic');
  });

  test('the same key gives the same bits', async () => {
    expect((await walk(settings, 10)).result).toEqual((await walk(settings, 10)).result);
  });

  test(`takes a walk of ${minimum} step${minimum === 1 ? '' : 's'}`, async () => {
    const { start, events, result } = await walk(settings, minimum);
    const x0 = idealClean(first, start);
    expect(distance(events[0]!.predictedClean, x0)).toBeLessThan(1e-4);
    expect(result).toBe(events.at(-1)!.latents);
    expect(result.data.every(Number.isFinite)).toBe(true);
  });

  test.each([0, -1, 2.5, 1001, Number.NaN])('refuses %d steps with a sentence', async (steps) => {
    await expect(walk(settings, steps)).rejects.toThrow(
      `Sampling on this noise schedule takes a whole number of steps from 1 to 1000, got ${steps}`,
    );
  });

  test('stops when it is cancelled between steps', async () => {
    const controller = new AbortController();
    let seen = 0;
    const walking = walk(settings, 10, { signal: controller.signal }, () => {
      if (++seen === 3) controller.abort(new Error('enough'));
    });
    await expect(walking).rejects.toThrow('enough');
    expect(seen).toBe(3);
  });

  test('says at which step numbers stop being finite', async () => {
    let call = 0;
    const denoise = async (latents: Latents) => (++call === 3 ? full(latents.shape, Number.NaN) : latents);
    await expect(walk(settings, 10, { denoise })).rejects.toThrow(
      new RegExp(
        `${settings.name.replaceAll('+', '\\+')}\\), step 3 of \\d+ at timestep [\\d.]+: the denoiser's answer holds 4 of 4 ` +
          'values that are not finite',
      ),
    );
  });
}

/** Walks with the ideal denoiser from the same latents, whatever is asked for. */
async function walk(
  settings: SampleOptions['sampler'],
  steps: number,
  options: Partial<SampleOptions> = {},
  onStep: (event: SamplingEvent) => void = () => {},
) {
  const used: NoiseSchedule = options.schedule ?? schedule;
  const run = startSampler(used, settings, {
    steps,
    ...(options.strength ? { strength: options.strength } : {}),
  });
  const events: SamplingEvent[] = [];
  const walking = sample({
    denoise: idealDenoiser(used, run.steps),
    schedule: used,
    sampler: settings,
    steps,
    start: { kind: 'latents', latents: first },
    key: randomKey(1),
    ...options,
  });
  for (;;) {
    const next = await walking.next();
    if (next.done) return { start: run.steps[0]!.from, events, result: next.value };
    events.push(next.value);
    onStep(next.value);
  }
}

function statistics({ data }: Latents) {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  return { mean, deviation: Math.sqrt(variance) };
}
