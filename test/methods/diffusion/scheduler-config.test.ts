import { describe, expect, test } from 'vitest';
import {
  parseSchedulerConfig,
  readScheduler,
  type SamplerName,
  type SchedulerConfig,
  samplerNames,
  samplers,
  stableDiffusionSchedule,
  writeScheduler,
} from '../../../src/methods/diffusion/index.ts';
import { type SamplerCase, samplerCases } from './sampler-cases.ts';

/** As Stable Diffusion 1.5 is published. */
const stableDiffusion: SchedulerConfig = {
  _class_name: 'PNDMScheduler',
  _diffusers_version: '0.6.0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
};

describe('readScheduler', () => {
  test('reads the configuration of Stable Diffusion 1.5', () => {
    const { schedule, sampler } = readScheduler(stableDiffusion);
    expect(schedule.options).toEqual(stableDiffusionSchedule);
    expect(sampler).toEqual({
      name: 'pndm',
      options: { timestepSpacing: 'leading', stepsOffset: 1, warmup: 'repeated-step' },
    });
  });

  test('another sampler keeps the schedule, offset and clipping', () => {
    const ddim = readScheduler(stableDiffusion, 'ddim');
    expect(ddim.schedule.options).toEqual(stableDiffusionSchedule);
    expect(ddim.sampler.options).toEqual({
      timestepSpacing: 'leading',
      stepsOffset: 1,
      clipRange: Number.POSITIVE_INFINITY,
      eta: 0,
    });
  });

  test.each(samplerNames)('%s can be put on any configuration, even of an unsupported class', (name) => {
    const { sampler, schedule } = readScheduler(
      { ...stableDiffusion, _class_name: 'LMSDiscreteScheduler' },
      name,
    );
    expect(sampler.name).toBe(name);
    expect(schedule.options).toMatchObject({ betaCurve: stableDiffusionSchedule.betaCurve });
    expect(sampler.options).not.toMatchObject({ clipRange: 1 });
  });

  test.each(samplerNames)('a configuration with only the class name of %s has its defaults', (name) => {
    const { sampler, schedule } = readScheduler({ _class_name: samplers[name].schedulerClass });
    expect(sampler.name).toBe(name);
    expect(schedule.options.betaCurve).toEqual({ kind: 'linear', start: 0.0001, end: 0.02 });
  });

  test.each(allCases())('writing $title and reading it back changes nothing', ({ settings }) => {
    for (const schedule of schedules) {
      const scheduler = {
        schedule: readScheduler({ ...stableDiffusion, ...schedule }).schedule,
        sampler: settings,
      };
      const config = writeScheduler(scheduler);
      const read = readScheduler(parseSchedulerConfig(JSON.stringify(config)));
      expect(read.sampler).toEqual(scheduler.sampler);
      expect(read.schedule).toEqual(scheduler.schedule);
    }
  });

  test('a finite clip range and the lowest λ survive writing', () => {
    const ddim = readScheduler({
      ...stableDiffusion,
      _class_name: 'DDIMScheduler',
      clip_sample: true,
      clip_sample_range: 2,
    });
    expect(readScheduler(writeScheduler(ddim)).sampler).toMatchObject({ options: { clipRange: 2 } });
    const dpm = readScheduler({ _class_name: 'DPMSolverMultistepScheduler', lambda_min_clipped: -5.1 });
    expect(readScheduler(writeScheduler(dpm)).sampler).toMatchObject({ options: { lowestLambda: -5.1 } });
  });

  test.each<[string, SchedulerConfig, string]>([
    [
      'a class that is not supported',
      { _class_name: 'LMSDiscreteScheduler' },
      '_class_name "LMSDiscreteScheduler" is not supported, only DDIMScheduler, DDIMInverseScheduler, DDPMScheduler, ' +
        'PNDMScheduler, EulerDiscreteScheduler, EulerAncestralDiscreteScheduler, DPMSolverMultistepScheduler; choose a ' +
        "sampler by name (ddim, ddim-inverse, ddpm, pndm, euler, euler-ancestral, dpm-solver++) to use it on this configuration's noise schedule",
    ],
    ['no class', {}, '_class_name undefined is not supported'],
    [
      'dynamic thresholding',
      { _class_name: 'DDIMScheduler', thresholding: true },
      'thresholding true is not supported for DDIMScheduler, only false; change it, or choose another sampler',
    ],
    [
      'the stochastic DPM-Solver++',
      { _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'sde-dpmsolver++' },
      'algorithm_type "sde-dpmsolver++" is not supported for DPMSolverMultistepScheduler, only "dpmsolver++"',
    ],
    [
      'exponential sigmas',
      { _class_name: 'EulerDiscreteScheduler', use_exponential_sigmas: true },
      'use_exponential_sigmas true is not supported for EulerDiscreteScheduler, only false',
    ],
    [
      'a third order',
      { _class_name: 'DPMSolverMultistepScheduler', solver_order: 3 },
      'solver_order 3 is not supported; use 1 or 2',
    ],
    [
      'a learned variance',
      { _class_name: 'DDPMScheduler', variance_type: 'learned_range' },
      'variance_type of DDPMScheduler should be one of "fixed_small", "fixed_large", got "learned_range"',
    ],
    [
      'an unknown beta schedule',
      { _class_name: 'DDIMScheduler', beta_schedule: 'sigmoid' },
      'beta_schedule of DDIMScheduler should be one of "scaled_linear", "linear", "squaredcos_cap_v2", got "sigmoid"',
    ],
    [
      'text for a number',
      { _class_name: 'DDIMScheduler', beta_start: '0.1' },
      'beta_start of DDIMScheduler should be a number, got "0.1"',
    ],
    [
      'half an offset',
      { _class_name: 'DDIMScheduler', steps_offset: 0.5 },
      'steps_offset of DDIMScheduler should be a whole number, got 0.5',
    ],
    [
      'a number for a yes or no',
      { _class_name: 'DDIMScheduler', clip_sample: 1 },
      'clip_sample of DDIMScheduler should be true or false, got 1',
    ],
    [
      'betas that are no numbers',
      { _class_name: 'DDIMScheduler', trained_betas: ['a'] },
      'null or a list of numbers',
    ],
  ])('refuses %s with a sentence', (_, config, message) => {
    expect(() => readScheduler(config)).toThrow(message);
  });
});

describe('parseSchedulerConfig', () => {
  test("reads Python's bare infinities, but not those in strings", () => {
    const text =
      '{"lambda_min_clipped": -Infinity, "note": "-Infinity \\" NaN", "nothing": NaN, "up": Infinity}';
    expect(parseSchedulerConfig(text)).toEqual({
      lambda_min_clipped: Number.NEGATIVE_INFINITY,
      note: '-Infinity " NaN',
      nothing: null,
      up: Number.POSITIVE_INFINITY,
    });
  });

  test.each([
    ['<html>', 'expected JSON, got text that starts "<html>"'],
    ['[1]', 'expected a JSON object, got [1]'],
    ['null', 'expected a JSON object, got null'],
  ])('refuses %s with a sentence', (text, message) => {
    expect(() => parseSchedulerConfig(text)).toThrow(message);
  });
});

const schedules: readonly SchedulerConfig[] = [
  {},
  { beta_schedule: 'linear', prediction_type: 'v_prediction', rescale_betas_zero_snr: true },
  { beta_schedule: 'squaredcos_cap_v2', prediction_type: 'sample', set_alpha_to_one: true },
  { num_train_timesteps: 3, trained_betas: [0.1, 0.2, 0.3] },
];

function allCases(): SamplerCase[] {
  return samplerNames.flatMap((name: SamplerName) => [...(samplerCases[name] as readonly SamplerCase[])]);
}
