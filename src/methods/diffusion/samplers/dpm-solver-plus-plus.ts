import type { Latents } from '../denoiser.ts';
import { karrasSigmas, scheduleSigmas, timestepOfSigma } from '../karras-sigmas.ts';
import {
  karrasSigma,
  lambdaOf,
  levelAt,
  levelOfAlphaCumprod,
  type NoiseLevel,
  timestep,
} from '../noise-level.ts';
import type { NoiseSchedule } from '../noise-schedule.ts';
import { readPrediction } from '../prediction-types.ts';
import {
  booleanIn,
  choiceIn,
  numberIn,
  refuseOtherSigmas,
  refuseUnless,
  spacingIn,
  wholeNumberIn,
  writeSpacing,
} from '../scheduler-config-values.ts';
import {
  descending,
  linspace,
  requireSteps,
  requireWithinSchedule,
  roundHalfToEven,
  type SpacingOptions,
  strides,
  type TimestepSpacing,
} from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import type { Sampler, SamplingStep } from './sampler.ts';

export interface DpmSolverPlusPlusOptions extends SpacingOptions {
  /** 1 is DDIM; 2 is the multistep method "2M". */
  readonly order: 1 | 2;
  /** How the second-order term is weighted. */
  readonly solver: 'midpoint' | 'heun';
  /** Under 15 steps, the last one is of first order, which is more stable. */
  readonly lowerOrderFinal: boolean;
  /** The spacing's own timesteps, or those nearest to the σ of Karras et al. 2022. */
  readonly sigmas: 'schedule' | 'karras';
  /** Where the last step ends: at the level of timestep 0 (`first-timestep`), or without noise (`zero`). */
  readonly finalLevel: 'first-timestep' | 'zero';
  /** Timesteps with λ = ln(α/σ) below this are not visited. −5.1 for cosine schedules; default −∞. */
  readonly lowestLambda: number;
}

/**
 * DPM-Solver++ (Lu, Zhou, Bao, Chen, Li, Zhu 2022): the exact solution of the linear part of the diffusion ODE, with
 * the predicted x₀ extrapolated from the last two predictions (algorithm 2, "2M"). Second order.
 */
export const dpmSolverPlusPlus: Sampler<DpmSolverPlusPlusOptions> = {
  schedulerClass: 'DPMSolverMultistepScheduler',
  classDefaults: {
    algorithm_type: 'dpmsolver++',
    // Files written before the key existed end at timestep 0.
    final_sigmas_type: 'sigma_min',
    lambda_min_clipped: Number.NEGATIVE_INFINITY,
    lower_order_final: true,
    solver_order: 2,
    solver_type: 'midpoint',
    steps_offset: 0,
    timestep_spacing: 'linspace',
    use_karras_sigmas: false,
  },
  direction: 'to-data',
  isStochastic: () => false,
  readOptions(config) {
    refuseUnless(config, 'thresholding', false);
    refuseUnless(config, 'algorithm_type', 'dpmsolver++');
    refuseUnless(config, 'euler_at_final', false);
    refuseUnless(config, 'use_lu_lambdas', false);
    refuseOtherSigmas(config);
    const order = wholeNumberIn(config, 'solver_order');
    if (order !== 1 && order !== 2) {
      throw new Error(`scheduler config: solver_order ${order} is not supported; use 1 or 2`);
    }
    return {
      ...spacingIn(config),
      order,
      solver: choiceIn(config, 'solver_type', ['midpoint', 'heun']),
      lowerOrderFinal: booleanIn(config, 'lower_order_final'),
      sigmas: booleanIn(config, 'use_karras_sigmas') ? 'karras' : 'schedule',
      finalLevel:
        choiceIn(config, 'final_sigmas_type', ['sigma_min', 'zero']) === 'zero' ? 'zero' : 'first-timestep',
      lowestLambda: numberIn(config, 'lambda_min_clipped'),
    };
  },
  writeOptions: (options) => ({
    ...writeSpacing(options),
    algorithm_type: 'dpmsolver++',
    final_sigmas_type: options.finalLevel === 'zero' ? 'zero' : 'sigma_min',
    // JSON has no −∞, which is what its absence means.
    ...(Number.isFinite(options.lowestLambda) ? { lambda_min_clipped: options.lowestLambda } : {}),
    lower_order_final: options.lowerOrderFinal,
    solver_order: options.order,
    solver_type: options.solver,
    use_karras_sigmas: options.sigmas === 'karras',
  }),
  start({ schedule, options, steps, walked }) {
    const timesteps = visitedTimesteps(schedule, options, steps);
    const levels = timesteps.map((t) => levelAt(schedule, t));
    const end = options.finalLevel === 'zero' ? levelOfAlphaCumprod(timestep(0), 1) : levelAt(schedule, 0);
    const plan = levels
      .map((from, i): SamplingStep => ({ timestep: from.timestep, from, to: levels[i + 1] ?? end }))
      .slice(-walked);
    const lastIsFirstOrder = options.lowerOrderFinal && timesteps.length < 15;
    let previous: { readonly clean: Latents; readonly level: NoiseLevel } | undefined;
    return {
      steps: plan,
      initialNoiseScale: 1,
      advance(index, { latents, output }) {
        const { from, to } = plan[index]!;
        const { clean } = readPrediction(schedule.predictionType, output, latents, from);
        const firstOrder =
          options.order === 1 || to.sigma === 0 || (lastIsFirstOrder && index === plan.length - 1);
        const extrapolated =
          previous === undefined || firstOrder
            ? clean
            : extrapolate(clean, previous.clean, secondOrderWeight(options.solver, previous.level, from, to));
        previous = { clean, level: from };
        return { latents: moveToward(extrapolated, latents, from, to), clean };
      },
    };
  },
};

/** x' = (σ'/σ)·x − α'·(e^(−h) − 1)·x₀ (equation 9 with x₀ constant over the step). */
function moveToward(x0: Latents, latents: Latents, from: NoiseLevel, to: NoiseLevel): Latents {
  const h = lambdaOf(to) - lambdaOf(from);
  return weightedSum([to.sigma / from.sigma, latents], [-to.alpha * Math.expm1(-h), x0]);
}

/** x₀ + weight·(x₀ − previous x₀) */
const extrapolate = (clean: Latents, previous: Latents, weight: number): Latents =>
  weightedSum([1 + weight, clean], [-weight, previous]);

/**
 * How far the x₀ of a step is extrapolated: D₁ = (x₀ − x₀,previous)/r with r = h_previous/h; midpoint takes
 * ½·D₁, Heun ((e^(−h) − 1)/h + 1)/(1 − e^(−h))·D₁, which is ½·D₁ + O(h).
 */
function secondOrderWeight(
  solver: DpmSolverPlusPlusOptions['solver'],
  previous: NoiseLevel,
  from: NoiseLevel,
  to: NoiseLevel,
): number {
  const h = lambdaOf(to) - lambdaOf(from);
  if (h === 0) return 0; // Karras' last timestep may be the one that the walk ends at
  const r = (lambdaOf(from) - lambdaOf(previous)) / h;
  return (solver === 'midpoint' ? 1 / 2 : (Math.expm1(-h) / h + 1) / -Math.expm1(-h)) / r;
}

/** Noisiest first. Unlike other samplers' spacings, these divide the schedule so that timestep 0 is the end. */
function visitedTimesteps(
  schedule: NoiseSchedule,
  options: DpmSolverPlusPlusOptions,
  steps: number,
): number[] {
  const T = schedule.alphasCumprod.length;
  const top =
    T - schedule.alphasCumprod.filter((ᾱ) => Math.log(ᾱ / (1 - ᾱ)) / 2 < options.lowestLambda).length;
  requireSteps(steps, options.timestepSpacing === 'leading' ? top - 1 : T);
  const timesteps =
    options.sigmas === 'karras'
      ? karrasTimesteps(schedule, steps)
      : spacings[options.timestepSpacing](top, T, steps, options.stepsOffset);
  requireWithinSchedule(timesteps, T, options.stepsOffset);
  return [...new Set(timesteps)];
}

const spacings: {
  readonly [K in TimestepSpacing]: (top: number, T: number, steps: number, offset: number) => number[];
} = {
  linspace: (top, _, steps) =>
    linspace(top - 1, steps + 1)
      .slice(0, -1)
      .map(roundHalfToEven),
  leading: (top, _, steps, offset) =>
    descending(steps, (i) => (i + 1) * Math.floor(top / (steps + 1)) + offset),
  trailing: (top, T, steps) =>
    strides(top, T / steps, steps)
      .map((t) => roundHalfToEven(t) - 1)
      .filter((t) => t >= 0),
};

function karrasTimesteps(schedule: NoiseSchedule, steps: number): number[] {
  const table = scheduleSigmas(schedule);
  const highest = karrasSigma(table[table.length - 1]!);
  return karrasSigmas(highest, karrasSigma(table[0]!), steps).map((σ) =>
    roundHalfToEven(timestepOfSigma(table, σ)),
  );
}
