import { type Optimizer, type Schedule, sgd } from '../../../engine/index.ts';
import type { NoiseSchedule } from '../../diffusion/index.ts';
import { defaultTimestepRange, type TimestepRange, type TimestepSampling } from './timestep-sampling.ts';
import type { TimestepWeighting } from './timestep-weighting.ts';

/** How latents are edited. What is left out has the value of DDS' own code. */
export interface EditSettings {
  /** 1 or more. Default 200. */
  readonly steps?: number;
  /**
   * λ, by step. It is per element: a step moves a latent by λ · w(t) · (ε − ε̂), whatever the size of the picture. DDS'
   * code multiplies a sum over all elements by 2000 / (H · W) and takes 0.1 of its gradient; at 64 x 64 that is
   * 0.0488, the default. Usual with `noise-to-signal` weighting: 0.1.
   */
  readonly stepSize?: number | Schedule;
  /** w of classifier-free guidance, by step, in both branches. Default 7.5. */
  readonly guidanceScale?: number | Schedule;
  /** The same for the source's branch alone. Default: as in the target's. */
  readonly sourceGuidanceScale?: number | Schedule;
  /** Default `constant`. */
  readonly weighting?: TimestepWeighting;
  /** Default 50 … 948 of 1,000. */
  readonly timesteps?: TimestepRange;
  /** Default `uniform`. */
  readonly sampling?: TimestepSampling;
  /** Default `sgd()`. Adam's steps do not depend on the size of the gradient: take a far smaller λ, and no weight decay. */
  readonly optimizer?: Optimizer;
}

export interface ResolvedEditSettings {
  readonly steps: number;
  readonly stepSize: Schedule;
  readonly guidanceScale: Schedule;
  readonly sourceGuidanceScale: Schedule;
  readonly weighting: TimestepWeighting;
  readonly timesteps: TimestepRange;
  readonly sampling: TimestepSampling;
  readonly optimizer: Optimizer;
}

/** 0.1 · 2000 / (64 · 64) */
export const originalStepSize = 0.048828125;

/** @throws a sentence about the first setting that makes no sense; schedules are looked at step by step */
export function resolveEditSettings(settings: EditSettings, schedule: NoiseSchedule): ResolvedEditSettings {
  const { steps = 200, stepSize = originalStepSize, guidanceScale = 7.5 } = settings;
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new Error(`editLatents: the number of steps is a whole number ≥ 1, got ${steps}`);
  }
  const trainTimesteps = schedule.alphasCumprod.length;
  const { from, to } = settings.timesteps ?? defaultTimestepRange(trainTimesteps);
  if (![from, to].every(Number.isSafeInteger) || from < 0 || to < from || to >= trainTimesteps) {
    throw new Error(
      `editLatents: the timesteps are a range of whole numbers in 0 … ${trainTimesteps - 1}, got ${from} … ${to}`,
    );
  }
  return {
    steps,
    stepSize: checked('the step size', stepSize, (rate) => rate >= 0),
    guidanceScale: checked('the guidance scale', guidanceScale),
    sourceGuidanceScale: checked(
      "the source's guidance scale",
      settings.sourceGuidanceScale ?? guidanceScale,
    ),
    weighting: settings.weighting ?? 'constant',
    timesteps: { from, to },
    sampling: settings.sampling ?? 'uniform',
    optimizer: settings.optimizer ?? sgd(),
  };
}

/** True where no step asks for guidance, so that the unconditional predictions are never needed. */
export const isUnguided = ({ steps, guidanceScale, sourceGuidanceScale }: ResolvedEditSettings): boolean =>
  Array.from({ length: steps }, (_, step) => step).every(
    (step) => guidanceScale(step) === 1 && sourceGuidanceScale(step) === 1,
  );

function checked(
  what: string,
  given: number | Schedule,
  allows: (value: number) => boolean = () => true,
): Schedule {
  const check = (value: number, when: string) => {
    if (Number.isFinite(value) && allows(value)) return value;
    throw new Error(
      `editLatents: ${what} is a finite number${allows(-1) ? '' : ' ≥ 0'}, got ${value}${when}`,
    );
  };
  if (typeof given === 'function') return (step) => check(given(step), ` at step ${step + 1}`);
  check(given, '');
  return () => given;
}
