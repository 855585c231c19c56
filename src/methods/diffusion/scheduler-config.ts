import type { BetaCurve } from './beta-curves.ts';
import { type NoiseSchedule, noiseSchedule, type PredictionType } from './noise-schedule.ts';
import { type SamplerName, type SamplerSettings, samplerNames, samplers } from './samplers/index.ts';
import {
  booleanIn,
  choiceIn,
  numberIn,
  type SchedulerConfig,
  wholeNumberIn,
} from './scheduler-config-values.ts';

/** What a diffusers scheduler folder says: how the model was trained, and how to sample from it. */
export interface Scheduler {
  readonly schedule: NoiseSchedule;
  readonly sampler: SamplerSettings;
}

/**
 * The text of a scheduler_config.json. Python writes ±Infinity and NaN bare, which JSON does not know: the first
 * are read as numbers, NaN as null.
 * @throws if the text is not JSON, or not an object.
 */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  const json = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => nonFiniteNumbers[token] ?? token);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new Error(
      `scheduler config: expected JSON, got text that starts ${JSON.stringify(text.slice(0, 40))}`,
      {
        cause,
      },
    );
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as SchedulerConfig;
  throw new Error(`scheduler config: expected a JSON object, got ${json.slice(0, 40)}`);
}

/**
 * Schedule and sampler of a configuration; keys that are absent have their diffusers class's defaults. With `name`,
 * another sampler on the schedule of the configuration, at Stable Diffusion's defaults but for the timestep spacing,
 * offset and clipping that the configuration names.
 * @throws a sentence for a class, schedule or setting that is not supported.
 */
export function readScheduler(config: SchedulerConfig, name?: SamplerName): Scheduler {
  const own = samplerNames.find((each) => samplers[each].schedulerClass === config._class_name);
  const chosen = name ?? own;
  if (chosen === undefined) throw new Error(unsupportedClass(config._class_name));
  const { classDefaults, schedulerClass } = samplers[chosen];
  const values =
    chosen === own
      ? { ...scheduleDefaults, ...classDefaults, ...config }
      : {
          ...scheduleDefaults,
          ...classDefaults,
          ...stableDiffusionDefaults,
          ...pick(config, sharedKeys),
          _class_name: schedulerClass,
        };
  return { schedule: readSchedule(values), sampler: readSettings(chosen, values) };
}

/** The configuration that `readScheduler` reads as this, and that diffusers reads too. */
export const writeScheduler = ({ schedule, sampler }: Scheduler): SchedulerConfig => ({
  _class_name: samplers[sampler.name].schedulerClass,
  ...writeSchedule(schedule),
  ...writeSettings(sampler),
});

function readSettings<K extends SamplerName>(name: K, config: SchedulerConfig): SamplerSettings {
  return { name, options: samplers[name].readOptions(config) } as SamplerSettings;
}

const writeSettings = <K extends SamplerName>({ name, options }: SamplerSettings<K>): SchedulerConfig =>
  samplers[name].writeOptions(options);

function readSchedule(config: SchedulerConfig): NoiseSchedule {
  return noiseSchedule({
    trainTimesteps: wholeNumberIn(config, 'num_train_timesteps'),
    betaCurve: readBetaCurve(config),
    terminalSnr: booleanIn(config, 'rescale_betas_zero_snr') ? 'zero' : 'as-trained',
    finalAlpha: booleanIn(config, 'set_alpha_to_one') ? 'one' : 'first',
    predictionType: choiceIn(config, 'prediction_type', predictionTypes),
  });
}

function readBetaCurve(config: SchedulerConfig): BetaCurve {
  const trained = config.trained_betas;
  if (Array.isArray(trained) && trained.every((β) => typeof β === 'number'))
    return { kind: 'given', values: trained };
  if (trained !== null)
    throw new Error('scheduler config: trained_betas should be null or a list of numbers');
  const kind = betaCurveOfName[choiceIn(config, 'beta_schedule', betaScheduleNames)];
  if (kind === 'cosine') return { kind };
  return { kind, start: numberIn(config, 'beta_start'), end: numberIn(config, 'beta_end') };
}

function writeSchedule({ options }: NoiseSchedule): SchedulerConfig {
  const { betaCurve: curve } = options;
  return {
    num_train_timesteps: options.trainTimesteps,
    ...('start' in curve ? { beta_start: curve.start, beta_end: curve.end } : {}),
    ...(curve.kind === 'given' ? {} : { beta_schedule: nameOfBetaCurve[curve.kind] }),
    trained_betas: curve.kind === 'given' ? curve.values : null,
    rescale_betas_zero_snr: options.terminalSnr === 'zero',
    set_alpha_to_one: options.finalAlpha === 'one',
    prediction_type: options.predictionType,
  };
}

const betaCurveOfName = {
  scaled_linear: 'scaled-linear',
  linear: 'linear',
  squaredcos_cap_v2: 'cosine',
} as const;

const betaScheduleNames = Object.keys(betaCurveOfName) as readonly (keyof typeof betaCurveOfName)[];

const nameOfBetaCurve: { readonly [K in Exclude<BetaCurve['kind'], 'given'>]: keyof typeof betaCurveOfName } =
  {
    'scaled-linear': 'scaled_linear',
    linear: 'linear',
    cosine: 'squaredcos_cap_v2',
  };

const predictionTypes: readonly PredictionType[] = ['epsilon', 'v_prediction', 'sample'];

/** What every diffusers class assumes of the schedule. */
const scheduleDefaults: SchedulerConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: 'linear',
  trained_betas: null,
  rescale_betas_zero_snr: false,
  set_alpha_to_one: false,
  prediction_type: 'epsilon',
};

/** Over the class's defaults when a sampler is put on another's configuration: latents have no bounds to clip to. */
const stableDiffusionDefaults: SchedulerConfig = { clip_sample: false, skip_prk_steps: true };

const sharedKeys = [
  ...Object.keys(scheduleDefaults),
  'timestep_spacing',
  'steps_offset',
  'clip_sample',
  'clip_sample_range',
];

const pick = (config: SchedulerConfig, keys: readonly string[]): SchedulerConfig =>
  Object.fromEntries(Object.entries(config).filter(([key]) => keys.includes(key)));

const nonFiniteNumbers: Readonly<Record<string, string>> = {
  Infinity: '1e999',
  '-Infinity': '-1e999',
  NaN: 'null',
};

const unsupportedClass = (found: unknown) =>
  `scheduler config: _class_name ${JSON.stringify(found)} is not supported, only ` +
  `${samplerNames.map((name) => samplers[name].schedulerClass).join(', ')}; choose a sampler by name ` +
  `(${samplerNames.join(', ')}) to use it on this configuration's noise schedule`;
