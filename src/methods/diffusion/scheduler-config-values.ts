import { type SpacingOptions, timestepSpacings } from './timestep-spacing.ts';

/** The keys and values of a diffusers scheduler_config.json, as JSON has them. */
export type SchedulerConfig = Readonly<Record<string, unknown>>;

/** @throws if the value is missing or not a number; ±Infinity is one. */
export function numberIn(config: SchedulerConfig, key: string): number {
  const value = config[key];
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw unexpected(config, key, 'a number');
}

/** @throws if the value is missing or not a whole number. */
export function wholeNumberIn(config: SchedulerConfig, key: string): number {
  const value = config[key];
  if (Number.isSafeInteger(value)) return value as number;
  throw unexpected(config, key, 'a whole number');
}

/** @throws if the value is missing or neither true nor false. */
export function booleanIn(config: SchedulerConfig, key: string): boolean {
  const value = config[key];
  if (typeof value === 'boolean') return value;
  throw unexpected(config, key, 'true or false');
}

/** @throws if the value is missing or none of the choices. */
export function choiceIn<Choice extends string>(
  config: SchedulerConfig,
  key: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((each) => each === config[key]);
  if (choice !== undefined) return choice;
  throw unexpected(config, key, `one of ${choices.map((each) => `"${each}"`).join(', ')}`);
}

/** @throws if the key is there with another value than the only one supported; `null` counts as absent. */
export function refuseUnless(config: SchedulerConfig, key: string, supported: string | boolean): void {
  const value = config[key];
  if (value === undefined || value === null || value === supported) return;
  throw new Error(
    `scheduler config: ${key} ${JSON.stringify(value)} is not supported for ${className(config)}, only ` +
      `${JSON.stringify(supported)}; change it, or choose another sampler`,
  );
}

/** @throws if σ are to be spaced in one of the ways that newer files may ask for, other than Karras'. */
export function refuseOtherSigmas(config: SchedulerConfig): void {
  for (const key of ['use_exponential_sigmas', 'use_beta_sigmas', 'use_flow_sigmas']) {
    refuseUnless(config, key, false);
  }
}

export const spacingIn = (config: SchedulerConfig): SpacingOptions => ({
  timestepSpacing: choiceIn(config, 'timestep_spacing', timestepSpacings),
  stepsOffset: wholeNumberIn(config, 'steps_offset'),
});

export const writeSpacing = (options: SpacingOptions): SchedulerConfig => ({
  steps_offset: options.stepsOffset,
  timestep_spacing: options.timestepSpacing,
});

/** The ± limit of predicted clean latents, infinite without `clip_sample`. */
export const clipRangeIn = (config: SchedulerConfig): number =>
  booleanIn(config, 'clip_sample') ? numberIn(config, 'clip_sample_range') : Number.POSITIVE_INFINITY;

export const writeClipRange = (clipRange: number): SchedulerConfig =>
  Number.isFinite(clipRange) ? { clip_sample: true, clip_sample_range: clipRange } : { clip_sample: false };

const unexpected = (config: SchedulerConfig, key: string, expected: string) =>
  new Error(
    `scheduler config: ${key} of ${className(config)} should be ${expected}, got ` +
      `${config[key] === undefined ? 'nothing' : JSON.stringify(config[key])}`,
  );

const className = (config: SchedulerConfig) =>
  String(config._class_name ?? 'a scheduler without _class_name');
