import { describe, expect, it } from 'vitest';
import {
  adamW,
  cosineDecay,
  full,
  ndArray,
  normal,
  type Optimizer,
  randomKey,
  sgd,
} from '../../../src/engine/index.ts';
import { noiseSchedule, weightedSum } from '../../../src/methods/diffusion/index.ts';
import {
  type BranchPredictor,
  type EditEvent,
  type EditLatentsOptions,
  editLatents,
} from '../../../src/methods/editing/index.ts';
import { gaussianBranches } from './gaussian-branches.ts';

const schedule = noiseSchedule();
const shape = [1, 4, 6, 5];
const source = normal(randomKey(5), shape);
const predict = gaussianBranches(schedule, { target: 1.5, source: -0.5, unconditional: 0 });
const basic = { predict, schedule, source, key: randomKey(9), steps: 8, guidanceScale: 1 } as const;

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgd: sgd(),
  momentum: sgd({ momentum: 0.9 }),
  adam: adamW({ weightDecay: 0 }),
  'adam with decay': adamW({ weightDecay: 0.1 }),
};

async function edit(options: Partial<EditLatentsOptions> = {}) {
  const events: EditEvent[] = [];
  const editing = editLatents({ ...basic, ...options });
  for (;;) {
    const next = await editing.next();
    if (next.done) return { events, latents: next.value };
    events.push(next.value);
  }
}

/** Predictions that depend on nothing but the branch. */
const constantBranches =
  (target: number, ofSource = 0): BranchPredictor =>
  async (noisy) => ({
    target: { conditional: full(noisy.target.shape, target) },
    source: { conditional: full(noisy.source.shape, ofSource) },
  });

describe('editLatents', () => {
  it('tells of each step and returns the last latents', async () => {
    const { events, latents } = await edit();
    expect(events.map(({ kind, step, count }) => [kind, step, count])).toEqual(
      Array.from({ length: 8 }, (_, step) => ['step', step, 8]),
    );
    expect(latents).toBe(events[7]!.latents);
    expect(events[7]!.state).toEqual({ step: 8, latents, moments: {} });
    for (const { predictedClean } of events) expect(predictedClean.shape).toEqual(shape);
    expect(events[3]!.change).toBeGreaterThan(events[0]!.change);
  });

  it('moves normal data by the difference of the means, where the gradient is zero', async () => {
    const { latents, events } = await edit({ steps: 400, stepSize: 0.2 });
    const moved = weightedSum([1, latents], [-1, source]);
    for (const value of moved.data) expect(value).toBeCloseTo(2, 4);
    expect(events.at(-1)!.gradientSize).toBeLessThan(1e-4);
  });

  it('changes nothing where both branches answer alike', async () => {
    const alike = gaussianBranches(schedule, { target: 1, source: 1, unconditional: 0 });
    for (const optimizer of [sgd(), sgd({ momentum: 0.5 }), adamW({ weightDecay: 0 })]) {
      const { latents, events } = await edit({ predict: alike, guidanceScale: 7.5, optimizer });
      expect(bits(latents.data)).toEqual(bits(source.data));
      expect(events.map(({ change }) => change)).toEqual(new Array(8).fill(0));
    }
  });

  it.each([
    [1, 1],
    [2, 3],
    [16, 16],
    [64, 64],
  ])('takes steps of λ per element whatever the size: %i x %i', async (height, width) => {
    const { latents } = await edit({
      predict: constantBranches(3, 1),
      source: full([1, 4, height, width], 0),
      stepSize: 0.05,
    });
    for (const value of latents.data) expect(value).toBeCloseTo(-8 * 0.05 * 2, 5);
  });

  it('follows schedules of the step size and of guidance', async () => {
    const stepSize = cosineDecay(0.4, 8);
    const { events } = await edit({ predict: constantBranches(-1), source: full(shape, 0), stepSize });
    events.forEach(({ step, change }) => {
      const walked = Array.from({ length: step + 1 }, (_, before) => stepSize(before));
      expect(change).toBeCloseTo(
        walked.reduce((sum, size) => sum + size, 0),
        5,
      );
    });
    const guided = await edit({ guidanceScale: (step) => (step < 4 ? 1 : 5), sourceGuidanceScale: 1 });
    const unguided = await edit();
    expect(guided.events[3]!.latents).toEqual(unguided.events[3]!.latents);
    expect(guided.events[4]!.gradientSize).toBeGreaterThan(unguided.events[4]!.gradientSize);
  });

  it('draws times from its range, and others for another key', async () => {
    const timesteps = { from: 100, to: 102 };
    const { events } = await edit({ timesteps, steps: 60 });
    expect(new Set(events.map(({ timestep }) => timestep as number))).toEqual(new Set([100, 101, 102]));
    const other = await edit({ timesteps, steps: 60, key: randomKey(10) });
    expect(other.events.map(({ timestep }) => timestep)).not.toEqual(events.map(({ timestep }) => timestep));
  });

  it('stratified times visit every part of the range once; descending ones go from its end to its start', async () => {
    const timesteps = { from: 200, to: 219 };
    const stratified = await edit({ timesteps, steps: 20, sampling: 'stratified' });
    const times = stratified.events.map(({ timestep }) => timestep as number);
    const all = Array.from({ length: 20 }, (_, part) => 200 + part);
    expect([...times].sort((a, b) => a - b)).toEqual(all);
    expect(times).not.toEqual(all);
    const descending = await edit({ timesteps, steps: 20, sampling: 'descending' });
    expect(descending.events.map(({ timestep }) => timestep)).toEqual([...all].reverse());
    const single = await edit({ timesteps, steps: 1, sampling: 'descending' });
    expect(single.events[0]!.timestep).toBe(219);
  });

  it("draws from DDS' own range unless told otherwise", async () => {
    const { events } = await edit({ steps: 300, predict: constantBranches(0) });
    const times = events.map(({ timestep }) => timestep as number);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...times)).toBeLessThanOrEqual(948);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(800);
  });

  it.each(Object.entries(optimizers))('changes no bit outside the mask: %s', async (_, optimizer) => {
    const mask = ndArray(
      'float32',
      [6, 5],
      Float32Array.from({ length: 30 }, (_, cell) => [0, 0.5, 1][cell % 3]!),
    );
    const signed = { ...source, data: source.data.map((value, index) => (index % 7 === 0 ? -0 : value)) };
    const { latents } = await edit({ mask, optimizer, source: signed });
    latents.data.forEach((value, index) => {
      expect(Object.is(value, signed.data[index])).toBe((index % 30) % 3 === 0);
    });
  });

  it('takes the share of each step that the mask says', async () => {
    const mask = ndArray('float32', [1, 3], Float32Array.of(0.25, 0.5, 1));
    const { latents } = await edit({
      mask,
      predict: constantBranches(-1),
      source: full([1, 1, 1, 3], 0),
      stepSize: 1,
      steps: 1,
    });
    expect([...latents.data]).toEqual([0.25, 0.5, 1]);
  });

  it.each(Object.entries(optimizers))('resumes to the same bits: %s', async (_, optimizer) => {
    const options = { optimizer, sampling: 'stratified', mask: full([6, 5], 0.7) } as const;
    const whole = await edit(options);
    for (const stop of [0, 3, 7]) {
      const { state } = whole.events[stop]!;
      const rest = await edit({ ...options, resume: state });
      expect(rest.events).toHaveLength(7 - stop);
      expect(bits(rest.latents.data)).toEqual(bits(whole.latents.data));
    }
  });

  it('stops before the next step when it is aborted', async () => {
    const controller = new AbortController();
    const editing = editLatents({ ...basic, signal: controller.signal });
    await editing.next();
    controller.abort(new Error('the window was closed'));
    await expect(editing.next()).rejects.toThrow('the window was closed');
  });

  it('hands the signal to the predictor, and tells its reason when it is aborted in there', async () => {
    const controller = new AbortController();
    const refusing: BranchPredictor = async (_noisy, _timestep, signal) => {
      expect(signal).toBe(controller.signal);
      controller.abort(new Error('enough'));
      throw new Error('the run was cancelled');
    };
    await expect(edit({ predict: refusing, signal: controller.signal })).rejects.toThrow('enough');
  });

  it('names the step at which numbers stop being finite', async () => {
    let asked = 0;
    const failing: BranchPredictor = (noisy, timestep) =>
      constantBranches(++asked === 3 ? Number.NaN : 1)(noisy, timestep);
    await expect(edit({ predict: failing })).rejects.toThrow(
      /^editLatents, step 3 of 8 at timestep \d+: .*the target branch predicts 120 of 120 values that are not finite/,
    );
    await expect(edit({ predict: constantBranches(1e38), stepSize: 100 })).rejects.toThrow(
      /^editLatents, step 1 of 8 .*the latents after the step hold/,
    );
  });

  it.each<[string, Partial<EditLatentsOptions>, string]>([
    ['no step', { steps: 0 }, 'the number of steps is a whole number ≥ 1, got 0'],
    ['half a step', { steps: 1.5 }, 'the number of steps is a whole number ≥ 1, got 1.5'],
    ['a step backwards', { stepSize: -1 }, 'the step size is a finite number ≥ 0, got -1'],
    [
      'a scheduled NaN',
      { stepSize: () => Number.NaN },
      'the step size is a finite number ≥ 0, got NaN at step 1',
    ],
    ['endless guidance', { guidanceScale: Infinity }, 'the guidance scale is a finite number, got Infinity'],
    ['a range beyond the schedule', { timesteps: { from: 0, to: 1000 } }, 'in 0 … 999, got 0 … 1000'],
    ['an empty range', { timesteps: { from: 9, to: 8 } }, 'in 0 … 999, got 9 … 8'],
    ['a mask of another size', { mask: full([5, 6], 1) }, 'as large as the latents, [6, 5], got [5, 6]'],
    ['a mask beyond 1', { mask: full([6, 5], 1.5) }, 'a mask is made of 0 … 1, got 1.5'],
    ['a mask of NaN', { mask: full([6, 5], Number.NaN) }, 'a mask is made of 0 … 1, got NaN'],
    ['a source of NaN', { source: full(shape, Number.NaN) }, 'the source latents hold 120 of 120 values'],
    [
      'a state of later steps',
      { resume: { step: 9, latents: source, moments: {} } },
      'the state to resume from is after 9 steps, of 8 in all',
    ],
    [
      'a state of another optimizer',
      { resume: { step: 1, latents: source, moments: {} }, optimizer: sgd({ momentum: 0.9 }) },
      'should have velocity of [1, 4, 6, 5], got none; it is of another picture or optimizer',
    ],
    [
      'a state of another size',
      { resume: { step: 1, latents: full([1, 4, 5, 5], 0), moments: {} } },
      'should have latents of [1, 4, 6, 5], got [1, 4, 5, 5]',
    ],
  ])('refuses %s with a sentence', async (_, options, message) => {
    await expect(edit(options)).rejects.toThrow(message);
  });
});

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.slice().buffer)];
