import {
  fold,
  formatShape,
  type NdArray,
  normal,
  type RandomKey,
  sameShape,
} from '../../../engine/arrays/index.ts';
import {
  blendByMask,
  type Latents,
  type NoiseSchedule,
  requireFinite,
  rootMeanSquare,
  type Timestep,
  weightedSum,
} from '../../diffusion/index.ts';
import { checkMask } from '../mask/check-mask.ts';
import type { BranchPredictor } from './branches.ts';
import { ddsGradient } from './dds-gradient.ts';
import { type EditSettings, resolveEditSettings } from './edit-settings.ts';
import { hostOptimizer, type Moments } from './host-optimizer.ts';
import { drawTimestep } from './timestep-sampling.ts';

export interface EditLatentsOptions extends EditSettings {
  readonly predict: BranchPredictor;
  readonly schedule: NoiseSchedule;
  /** ẑ, [items, channels, height, width]; the edit starts at it. */
  readonly source: Latents;
  /** M, [height, width] from 0 to 1: how much of each step is taken there. Default: all of it everywhere. */
  readonly mask?: NdArray<'float32'>;
  /** Where all randomness comes from; a step's depends on the key and the step alone. */
  readonly key: RandomKey;
  /** Goes on after a step's event, to the same bits as without a break. */
  readonly resume?: EditState;
  readonly signal?: AbortSignal;
}

/** All that a step leaves to the next. */
export interface EditState {
  /** Steps done. */
  readonly step: number;
  readonly latents: Latents;
  /** The optimizer's, by name. */
  readonly moments: Moments;
}

/** After each step. */
export interface EditEvent {
  readonly kind: 'step';
  /** 0 … count − 1 */
  readonly step: number;
  readonly count: number;
  /** The time that was drawn. */
  readonly timestep: Timestep;
  /** z after the step. */
  readonly latents: Latents;
  /** The target's clean latents as predicted in this step: noisy at late times. */
  readonly predictedClean: Latents;
  /** Root mean square of w(t) (ε − ε̂), before the mask. */
  readonly gradientSize: number;
  /** Root mean square of z − ẑ. */
  readonly change: number;
  readonly state: EditState;
}

/**
 * Edits latents by gradient descent on the delta denoising score (Hertz et al. 2023, arXiv 2304.07090): z starts at ẑ
 * and each step draws a time and a noise for both branches. With a mask it is DDS-SM (DreamSteerer, arXiv 2410.11208):
 * z ← z + M ⊙ Δz; where M is 0 not a bit of z changes, whatever the optimizer. The same network under the same
 * text in both branches changes nothing either. Returns the latents after the last step.
 * @throws a sentence for settings that make no sense, or at the first step whose numbers are not finite; the signal's
 *   reason when it is aborted
 */
export async function* editLatents(
  options: EditLatentsOptions,
): AsyncGenerator<EditEvent, Latents, undefined> {
  const { predict, schedule, source, mask, key, resume, signal } = options;
  const settings = resolveEditSettings(options, schedule);
  const { steps: count, timesteps: range, sampling, weighting } = settings;
  const optimizer = hostOptimizer(settings.optimizer, source.shape);
  requireFinite(source, 'editLatents: the source latents hold');
  if (mask !== undefined) {
    checkMask('editLatents', mask, { whole: 'latents', size: source.shape.slice(-2) });
  }
  let state = resume ?? { step: 0, latents: source, moments: optimizer.initialMoments };
  checkState(state, { step: 0, latents: source, moments: optimizer.initialMoments }, count);

  for (let step = state.step; step < count; step++) {
    signal?.throwIfAborted();
    const timestep = drawTimestep(sampling, { range, key, step, count });
    const where = `editLatents, step ${step + 1} of ${count} at timestep ${timestep}`;
    const { gradient, predictions } = await ddsGradient(
      predict,
      { target: state.latents, source },
      {
        schedule,
        timestep,
        noise: normal(fold(fold(key, 'noise'), step), source.shape),
        guidanceScale: {
          target: settings.guidanceScale(step),
          source: settings.sourceGuidanceScale(step),
        },
        weighting,
      },
      signal,
    ).catch((cause) => {
      signal?.throwIfAborted();
      throw new Error(`${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
    requireFinite(gradient, `${where}: the gradient holds`);
    const moved = optimizer.advance({
      variable: state.latents,
      gradient,
      moments: state.moments,
      step: step + 1,
      learningRate: settings.stepSize(step),
    });
    const latents =
      mask === undefined ? moved.variable : blendByMask(mask.data, moved.variable, state.latents);
    requireFinite(latents, `${where}: the latents after the step hold`);
    state = { step: step + 1, latents, moments: moved.moments };
    yield {
      kind: 'step',
      step,
      count,
      timestep,
      latents,
      predictedClean: predictions.target.clean,
      gradientSize: rootMeanSquare(gradient),
      change: rootMeanSquare(weightedSum([1, latents], [-1, source])),
      state,
    };
  }
  return state.latents;
}

/** A state must be one that these options could have led to. */
function checkState(state: EditState, start: EditState, count: number): void {
  const { step, latents, moments } = state;
  if (!(Number.isSafeInteger(step) && step >= 0 && step <= count)) {
    throw new Error(`editLatents: the state to resume from is after ${step} steps, of ${count} in all`);
  }
  const expected = Object.entries({ latents: start.latents, ...start.moments });
  const given: Readonly<Record<string, Latents>> = { latents, ...moments };
  for (const [name, { shape }] of expected) {
    const found = given[name];
    if (found !== undefined && sameShape(found.shape, shape)) continue;
    throw new Error(
      `editLatents: the state to resume from should have ${name} of ${formatShape(shape)}, got ` +
        `${found === undefined ? 'none' : formatShape(found.shape)}; it is of another picture or optimizer`,
    );
  }
}
