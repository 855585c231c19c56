import { describe, expect, test } from 'vitest';
import { full, normal, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  type Denoiser,
  type Latents,
  noiseSchedule,
  readScheduler,
  type SampleOptions,
  type SamplingEvent,
  type SamplingStart,
  sample,
  stableDiffusionSchedule,
  startSampler,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import { distance } from './distance.ts';
import { exactSolution, idealDenoiser } from './gaussian.ts';

const shape = [1, 4, 8, 8];
const schedule = noiseSchedule();
const stableDiffusion = { _class_name: 'PNDMScheduler', steps_offset: 1 };
const settingsOf = (name: 'ddim' | 'ddim-inverse' | 'euler' | 'pndm') =>
  readScheduler(stableDiffusion, name).sampler;
const echo: Denoiser = async (latents) => weightedSum([0.5, latents]);

describe('sample', () => {
  test('tells of each step, and returns the last latents', async () => {
    const { events, result } = await walk({ steps: 4 });
    expect(events.map(({ kind, step, count, timestep }) => [kind, step, count, timestep])).toEqual([
      ['step', 0, 4, 751],
      ['step', 1, 4, 501],
      ['step', 2, 4, 251],
      ['step', 3, 4, 1],
    ]);
    expect(events.map((event) => event.level.timestep)).toEqual([501, 251, 1, -249]);
    expect(result).toBe(events[3]!.latents);
    expect(events[0]!.predictedClean.shape).toEqual(shape);
  });

  test('the denoiser gets the latents of the event before', async () => {
    const asked: Latents[] = [];
    const denoise: Denoiser = (latents, timestep) => {
      asked.push(latents);
      return echo(latents, timestep);
    };
    const { events } = await walk({ denoise });
    expect(asked.slice(1)).toEqual(events.slice(0, -1).map((event) => event.latents));
  });

  test('inversion and sampling give back the latents', async () => {
    const clean = normal(randomKey(3), shape);
    const inverted = await walkIdeally('ddim-inverse', { kind: 'latents', latents: clean }, 200);
    const back = await walkIdeally('ddim', { kind: 'latents', latents: inverted.result }, 200);
    expect(distance(back.result, clean)).toBeLessThan(0.06); // first order: 0.054 at 200 steps
    expect(distance(inverted.result, clean)).toBeGreaterThan(0.3);
  });

  test('inversion asks the denoiser at no timestep below 0', async () => {
    const asked: number[] = [];
    const denoise: Denoiser = (latents, timestep) => {
      asked.push(timestep);
      return echo(latents, timestep);
    };
    const latents = normal(randomKey(3), shape);
    await walk({
      sampler: settingsOf('ddim-inverse'),
      denoise,
      start: { kind: 'latents', latents },
      steps: 4,
    });
    expect(asked).toEqual([0, 1, 251, 501]);
  });

  test('Euler with linspace starts from noise of its first σ, DDIM from noise as it is', async () => {
    const noise = normal(randomKey(4), shape);
    const firstAsked = async (sampler: SampleOptions['sampler']) => {
      let first: Latents | undefined;
      const denoise: Denoiser = (latents, timestep) => {
        first ??= latents;
        return echo(latents, timestep);
      };
      await walk({ sampler, denoise, start: { kind: 'given-noise', noise } });
      return first!;
    };
    expect(await firstAsked(settingsOf('ddim'))).toEqual(noise);
    const [step] = startSampler(schedule, settingsOf('euler'), { steps: 10 }).steps;
    expect(await firstAsked(settingsOf('euler'))).toEqual(weightedSum([step!.from.sigma, noise]));
  });

  test('a source is noised to the level that strength starts at', async () => {
    const clean = full([20_000], 2);
    let first: Latents | undefined;
    let firstTimestep = 0;
    const denoise: Denoiser = (latents, timestep) => {
      if (first === undefined) [first, firstTimestep] = [latents, timestep];
      return echo(latents, timestep);
    };
    const { events } = await walk({ denoise, start: { kind: 'source', clean }, strength: 0.3 });
    const { from } = startSampler(schedule, settingsOf('ddim'), { steps: 10, strength: 0.3 }).steps[0]!;
    expect(events).toHaveLength(3);
    expect(firstTimestep).toBe(201);
    const mean = first!.data.reduce((sum, value) => sum + value, 0) / 20_000;
    expect(Math.abs(mean - 2 * from.alpha)).toBeLessThan(0.02);
    const variance = first!.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 20_000;
    expect(Math.abs(Math.sqrt(variance) - from.sigma)).toBeLessThan(0.02);
  });

  test('revised latents are those that the walk goes on with', async () => {
    const levels: number[] = [];
    const { events, result } = await walk({
      steps: 3,
      revise: (latents, level) => {
        levels.push(level.sigma);
        return full(latents.shape, levels.length);
      },
    });
    expect(events.map((event) => event.latents.data[0])).toEqual([1, 2, 3]);
    expect(levels).toEqual(events.map((event) => event.level.sigma));
    expect(result.data[0]).toBe(3);
  });

  test('hands the signal to the denoiser, and stops when it is aborted in there', async () => {
    const controller = new AbortController();
    let calls = 0;
    const denoise: Denoiser = async (latents, _, signal) => {
      expect(signal).toBe(controller.signal);
      if (++calls === 2) controller.abort(new Error('the window was closed'));
      return latents;
    };
    await expect(walk({ denoise, signal: controller.signal })).rejects.toThrow('the window was closed');
    expect(calls).toBe(2);
  });

  test('zero terminal SNR with v prediction walks from pure noise', async () => {
    const zeroSnr = noiseSchedule({
      ...stableDiffusionSchedule,
      terminalSnr: 'zero',
      predictionType: 'v_prediction',
    });
    const sampler = readScheduler({ timestep_spacing: 'trailing' }, 'dpm-solver++').sampler;
    const run = startSampler(zeroSnr, sampler, { steps: 200 });
    expect(run.steps[0]!.from.alpha).toBe(0);
    const latents = normal(randomKey(6), shape);
    const walked = await walk({
      denoise: idealDenoiser(zeroSnr, run.steps),
      schedule: zeroSnr,
      sampler,
      steps: 200,
      start: { kind: 'latents', latents },
    });
    const end = walked.events.at(-1)!;
    expect(distance(end.latents, exactSolution(latents, run.steps[0]!.from, end.level))).toBeLessThan(0.01);
  });

  test.each<[string, Partial<SampleOptions>, string]>([
    ['no strength', { strength: 0 }, 'sample: strength lies above 0 and up to 1, got 0'],
    ['strength beyond 1', { strength: 1.1 }, 'sample: strength lies above 0 and up to 1, got 1.1'],
    [
      'strength under a step',
      { strength: 0.05 },
      'sample: strength 0.05 of 10 steps is less than one step; ask for a strength of at least 0.10, or for at least 20 steps',
    ],
    [
      'inversion of noise',
      { sampler: settingsOf('ddim-inverse') },
      'sample: ddim-inverse goes from data to noise, so it starts from { kind: \'latents\' }, got "noise"',
    ],
    [
      'an answer of another shape',
      { denoise: async () => full([1, 8, 8, 8], 0) },
      'sample (ddim), step 1 of 10 at timestep 901: the denoiser should answer with the shape of the latents, ' +
        '[1, 4, 8, 8], got [1, 8, 8, 8]',
    ],
    [
      'infinite latents to start from',
      { start: { kind: 'latents', latents: full(shape, Number.POSITIVE_INFINITY) } },
      'sample (ddim): the latents that sampling starts from hold 256 of 256 values that are not finite, the first Infinity at index 0',
    ],
    [
      'latents that a step makes infinite',
      { revise: (latents, level) => (level.timestep === 501 ? full(latents.shape, Number.NaN) : latents) },
      'sample (ddim), step 4 of 10 at timestep 601: the latents after the step hold 256 of 256 values that are not finite',
    ],
    [
      'epsilon where there is no signal',
      {
        schedule: noiseSchedule({ ...stableDiffusionSchedule, terminalSnr: 'zero' }),
        sampler: readScheduler({ timestep_spacing: 'trailing' }, 'ddim').sampler,
      },
      'timestep 999 has no signal',
    ],
    [
      'Runge-Kutta warm-up in three steps',
      { sampler: readScheduler({ _class_name: 'PNDMScheduler' }).sampler, steps: 3 },
      'pndm: Runge-Kutta warm-up (skip_prk_steps: false) walks at least 4 steps, got 3',
    ],
    [
      'DPM-Solver++ in as many leading steps as there are timesteps',
      { sampler: readScheduler({ timestep_spacing: 'leading' }, 'dpm-solver++').sampler, steps: 1000 },
      'takes a whole number of steps from 1 to 999, got 1000',
    ],
    [
      'eta beyond 1',
      {
        sampler: {
          name: 'ddim',
          options: { timestepSpacing: 'leading', stepsOffset: 1, clipRange: 1, eta: 2 },
        },
      },
      'ddim: eta lies between 0 and 1, got 2',
    ],
    [
      'inversion over linspace',
      {
        sampler: {
          name: 'ddim-inverse',
          options: { timestepSpacing: 'linspace', stepsOffset: 0, clipRange: 1 },
        },
        start: { kind: 'latents', latents: full(shape, 0) },
      },
      'ddim-inverse: inversion needs leading or trailing timestep spacing, got linspace',
    ],
  ])('refuses %s with a sentence', async (_, options, message) => {
    await expect(walk(options)).rejects.toThrow(message);
  });
});

async function walk(options: Partial<SampleOptions>) {
  const events: SamplingEvent[] = [];
  const walking = sample({
    denoise: echo,
    schedule,
    sampler: settingsOf('ddim'),
    steps: 10,
    start: { kind: 'noise', shape },
    key: randomKey(1),
    ...options,
  });
  for (;;) {
    const next = await walking.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
  }
}

function walkIdeally(name: 'ddim' | 'ddim-inverse', start: SamplingStart, steps: number) {
  const sampler = settingsOf(name);
  const run = startSampler(schedule, sampler, { steps });
  return walk({ denoise: idealDenoiser(schedule, run.steps), sampler, steps, start });
}
