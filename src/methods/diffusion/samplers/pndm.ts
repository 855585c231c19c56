import type { Latents } from '../denoiser.ts';
import { levelAt, type NoiseLevel, timestep } from '../noise-level.ts';
import type { NoiseSchedule } from '../noise-schedule.ts';
import { convertPrediction, readPrediction } from '../prediction-types.ts';
import { booleanIn, spacingIn, writeSpacing } from '../scheduler-config-values.ts';
import { type SpacingOptions, spacedTimesteps } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import type { Sampler, SamplingStep } from './sampler.ts';

export interface PndmOptions extends SpacingOptions {
  /**
   * How the multistep method gets its first outputs: `repeated-step` asks twice at the second timestep, as Stable
   * Diffusion does (n + 1 calls of the denoiser); `runge-kutta` takes three steps of four calls (n + 9 calls).
   */
  readonly warmup: 'repeated-step' | 'runge-kutta';
}

/**
 * Pseudo numerical methods (Liu, Ren, Lin, Zhao 2022, algorithm 2): a linear multistep combination of the last four
 * outputs, put into the DDIM transfer. The outputs of v-prediction models are combined as v, as diffusers does, which
 * leaves the method of first order for them: DPM-Solver++ suits them better.
 */
export const pndm: Sampler<PndmOptions> = {
  schedulerClass: 'PNDMScheduler',
  classDefaults: {
    set_alpha_to_one: false,
    skip_prk_steps: false,
    steps_offset: 0,
    timestep_spacing: 'leading',
  },
  direction: 'to-data',
  isStochastic: () => false,
  readOptions: (config) => ({
    ...spacingIn(config),
    warmup: booleanIn(config, 'skip_prk_steps') ? 'repeated-step' : 'runge-kutta',
  }),
  writeOptions: (options) => ({
    ...writeSpacing(options),
    skip_prk_steps: options.warmup === 'repeated-step',
  }),
  start({ schedule, options, steps, walked }) {
    const T = schedule.alphasCumprod.length;
    const stride = Math.floor(T / steps);
    const visited = spacedTimesteps(options, T, steps).slice(-walked);
    const moves = warmups[options.warmup](visited, stride);
    const plan = moves.map(
      (move): SamplingStep => ({
        timestep: timestep(move.asked),
        from: levelAt(schedule, move.asked),
        to: levelAt(schedule, move.to),
      }),
    );
    const outputs: Latents[] = []; // newest first, those that enter the multistep formula
    const partial: Latents[] = []; // of the Runge-Kutta step under way
    let held: Latents; // the latents that a move of several calls starts from
    const formulas: { readonly [K in Move['formula']]: (answer: Latents) => Latents } = {
      multistep: () => combine(adamsBashforth[outputs.length]!, outputs),
      average: (answer) => combine([1 / 2, 1 / 2], [answer, outputs[0]!]),
      'runge-kutta': (answer) => {
        partial.push(answer);
        return partial.length < 4 ? answer : combine(rungeKutta, partial.splice(0));
      },
    };
    return {
      steps: plan,
      initialNoiseScale: 1,
      advance(index, { latents, output }) {
        const { from, to } = plan[index]!;
        const move = moves[index]!;
        const { clean } = readPrediction(schedule.predictionType, output, latents, from);
        const answer = combinable(schedule, output, latents, from);
        if (move.holds) held = latents;
        if (move.remembers) outputs.splice(0, outputs.length, answer, ...outputs.slice(0, 3));
        const combined = formulas[move.formula](answer);
        const moved = transfer(schedule, held, combined, { from: levelAt(schedule, move.from), to });
        return { latents: moved, clean };
      },
    };
  },
};

/** One call of the denoiser: asked at one timestep, it moves the held latents between two. */
interface Move {
  readonly asked: number;
  /** Of the held latents. */
  readonly from: number;
  readonly to: number;
  /** Whether the latents given to the denoiser become those that are moved. */
  readonly holds: boolean;
  /** Whether the output enters later multistep formulas. */
  readonly remembers: boolean;
  readonly formula: 'multistep' | 'average' | 'runge-kutta';
}

const warmups: {
  readonly [K in PndmOptions['warmup']]: (visited: readonly number[], stride: number) => Move[];
} = {
  'repeated-step'(visited, stride) {
    const moves = visited.map((t) => multistepMove(t, stride));
    if (visited.length === 1) return moves;
    // The first move is taken again with the average of the outputs at its two ends (Heun's method).
    const again: Move = {
      asked: visited[1]!,
      from: visited[1]! + stride,
      to: visited[1]!,
      holds: false,
      remembers: false,
      formula: 'average',
    };
    return [moves[0]!, again, ...moves.slice(1)];
  },
  'runge-kutta'(visited, stride) {
    if (visited.length < 4) {
      throw new Error(
        `pndm: Runge-Kutta warm-up (skip_prk_steps: false) walks at least 4 steps, got ${visited.length}; ` +
          'ask for more steps or set skip_prk_steps',
      );
    }
    const half = Math.floor(stride / 2);
    const warmed = visited.slice(0, 3).flatMap((t, i): Move[] => {
      const end = visited[i + 1]!;
      const call = (asked: number, to: number, first: boolean): Move => ({
        asked,
        from: t,
        to,
        holds: first,
        remembers: first,
        formula: 'runge-kutta',
      });
      return [
        call(t, t - half, true),
        call(end + half, end + half, false),
        call(end + half, end, false),
        call(end, end, false),
      ];
    });
    return [...warmed, ...visited.slice(3).map((t) => multistepMove(t, stride))];
  },
};

const multistepMove = (t: number, stride: number): Move => ({
  asked: t,
  from: t,
  to: t - stride,
  holds: true,
  remembers: true,
  formula: 'multistep',
});

/** Adams-Bashforth weights of the newest outputs, by how many there are (Liu et al. 2022, equation 12). */
const adamsBashforth: readonly (readonly number[])[] = [
  [],
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

const rungeKutta = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

const combine = (weights: readonly number[], arrays: readonly Latents[]): Latents =>
  weightedSum(...weights.map((weight, i) => [weight, arrays[i]!] as const));

/** ε and v are combined as they are; x₀ predictions as the ε they imply. */
const combinable = (
  schedule: NoiseSchedule,
  output: Latents,
  latents: Latents,
  level: NoiseLevel,
): Latents =>
  schedule.predictionType === 'sample'
    ? convertPrediction(output, { from: 'sample', to: 'epsilon' }, latents, level)
    : output;

/** The DDIM transfer of held latents with a combined output (Liu et al. 2022, equation 11). */
function transfer(
  schedule: NoiseSchedule,
  held: Latents,
  combined: Latents,
  { from, to }: { readonly from: NoiseLevel; readonly to: NoiseLevel },
): Latents {
  const type = schedule.predictionType === 'v_prediction' ? 'v_prediction' : 'epsilon';
  const { clean, epsilon } = readPrediction(type, combined, held, from);
  return weightedSum([to.alpha, clean], [to.sigma, epsilon]);
}
