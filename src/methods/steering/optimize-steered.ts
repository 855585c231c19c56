import {
  fold,
  type LazySource,
  minimize,
  type NdArray,
  Owner,
  type RandomKey,
  type Source,
  type State,
  type StateLeaf,
  type StepReport,
  type Tree,
} from '../../engine/index.ts';
import type { Latents } from '../diffusion/index.ts';
import type { Branches } from '../editing/index.ts';
import {
  drawBatch,
  type Every,
  isDue,
  type Learned,
  type PersonalizationBase,
} from '../personalization/index.ts';
import { type EdsdEstimate, type EdsdSettings, estimateEdsd } from './edsd.ts';
import type { SteeringPrompts } from './guided-images/guided-images.ts';
import { modeShiftingSource } from './mode-shifting.ts';
import {
  type BranchTexts,
  compileSteeredBranches,
  type SteeredBranches,
  type SteeredPredictor,
} from './steered-branches.ts';
import type { SteeredParameters } from './steered-parameters.ts';
import { rowsOfPass, steeringProblem } from './steering-problem.ts';
import { type SteeringRows, steeringRows } from './steering-rows.ts';
import { passesPerStep, type SteeringSettings } from './steering-settings.ts';

export interface OptimizeOptions {
  readonly base: PersonalizationBase;
  readonly steered: SteeredParameters;
  /** `FrozenParts` */
  readonly frozen: State;
  readonly branches: Branches<BranchTexts>;
  /** ẑ */
  readonly source: Latents;
  /** x^k */
  readonly images: readonly Latents[];
  readonly prompts: SteeringPrompts;
  readonly mask?: NdArray<'float32'>;
  readonly settings: SteeringSettings;
  readonly key: RandomKey;
  readonly checkpointEvery?: Every;
  readonly resumeFrom?: Tree<Source>;
  readonly signal?: AbortSignal;
}

export type SteeringEvent =
  | SteeringStep
  /**
   * Written down (`writeTrainingState`), it lets the steering go on as if it had not stopped. To be read leaf by leaf,
   * before the next event is asked for.
   */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly state: Tree<LazySource> };

/** After each step; what is measured is of the parameters before it. */
export interface SteeringStep extends Omit<StepReport, 'loss'> {
  readonly kind: 'step';
  /** Steps in all. */
  readonly count: number;
  readonly losses: {
    /** ω(t) ‖δ‖², a mean; undefined if EDSD is off. */
    readonly edsd: number | undefined;
    /** ‖f_θ(x^k_t; y, t) − target‖² (ε, v or x₀), a mean before its weight μ; undefined if mode shifting is off. */
    readonly modeShifting: number | undefined;
  };
  /** Root mean square of z̃ − ẑ; undefined if EDSD is off. */
  readonly shift: number | undefined;
}

/** Minimizes L_EDSD + μ L_MSR: each step draws its times and noises from its number alone, so that it can be resumed. */
export async function* optimizeSteered(
  options: OptimizeOptions,
): AsyncGenerator<SteeringEvent, Learned<NdArray>> {
  const { base, steered, frozen, branches, source, settings, checkpointEvery, resumeFrom, signal } = options;
  const { steps } = settings.optimization;
  const passes = passesPerStep(settings);
  const { model } = base;
  const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config };
  const { feeds } = branches.target;
  await using owner = new Owner();
  const compiled = owner.use(
    await compileSteeredBranches({ model, configs, steered, frozen, branches, shape: source.shape }),
  );
  const problem = steeringProblem({
    steered,
    configs,
    frozen,
    feeds,
    settings,
    shape: source.shape,
  });
  // All passes of a step are parts of one drawing.
  let latest: { readonly step: number; readonly drawn: Promise<DrawnStep> } | undefined;
  const training = minimize(model.device, problem, {
    steps,
    batch: async (step, part, variables) => {
      if (latest?.step !== step) latest = { step, drawn: drawStep(options, compiled, step, variables()) };
      return rowsOfPass((await latest.drawn).rows, feeds, part, passes);
    },
    ...(resumeFrom && { resumeFrom }),
    ...(signal && { signal }),
  });
  owner.defer(() => training.return(undefined as never)); // frees the minimizer where the caller stopped early
  let next = await training.next();
  for (; !next.done; next = await training.next()) {
    const { loss, save: _save, sources, references: _references, ...report } = next.value;
    const { estimates } = await latest!.drawn;
    yield { ...report, count: steps, ...measures(settings, estimates, loss) };
    const { step, update } = report;
    if (update === 'skipped') continue; // nothing has changed, and the step is made again
    if (checkpointEvery !== undefined && (isDue(checkpointEvery, step) || step === steps)) {
      yield { kind: 'checkpoint', step, state: sources() };
    }
  }
  const minimized = owner.use(next.value);
  return (await minimized.variables()) as Learned<NdArray>;
}

interface DrawnStep {
  readonly estimates: readonly EdsdEstimate[];
  readonly rows: SteeringRows;
}

async function drawStep(
  options: OptimizeOptions,
  compiled: SteeredBranches,
  step: number,
  variables: Tree<StateLeaf>,
): Promise<DrawnStep> {
  const { base, settings, images, prompts, mask, key, source } = options;
  const { edsd } = settings;
  const estimates =
    edsd === 'off' ? [] : await estimate(options, edsd, await compiled.predictor(variables), step);
  const { modeShifting } = settings;
  const { schedule } = base.scheduler;
  const { scalingFactor } = base.model.vae.config;
  const shifting =
    modeShifting === 'off'
      ? undefined
      : modeShiftingSource(modeShifting, {
          images,
          prompt: prompts.target,
          scalingFactor,
          key: fold(key, 'mode shifting'),
          ...(mask && { mask }),
        });
  const rows = steeringRows(
    estimates.map(({ terms }) => terms),
    shifting && drawBatch([shifting], step, { schedule, scalingFactor }),
    { prompt: prompts.target, 'negative prompt': prompts.negative ?? '' },
    source.shape,
  );
  return { estimates, rows };
}

/** One slightly edited image after the other. */
async function estimate(
  { base, settings, source, mask, key, signal }: OptimizeOptions,
  edsd: EdsdSettings,
  { predict, dispose }: SteeredPredictor,
  step: number,
): Promise<readonly EdsdEstimate[]> {
  const { schedule } = base.scheduler;
  const estimates: EdsdEstimate[] = [];
  try {
    for (let item = 0; item < edsd.batchSize; item++) {
      const own = fold(fold(key, 'EDSD'), step * edsd.batchSize + item);
      const point = { source, schedule, key: own, ...(mask && { mask }) };
      estimates.push(await estimateEdsd(predict, edsd, point, signal));
    }
    return estimates;
  } catch (cause) {
    signal?.throwIfAborted();
    const { steps } = settings.optimization;
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`steer, step ${step + 1} of ${steps}: ${reason}`, { cause });
  } finally {
    await dispose();
  }
}

function measures(
  { edsd, modeShifting }: SteeringSettings,
  estimates: readonly EdsdEstimate[],
  loss: number,
): Pick<SteeringStep, 'losses' | 'shift'> {
  const mean = (of: (estimate: EdsdEstimate) => number) =>
    edsd === 'off' ? undefined : estimates.reduce((sum, each) => sum + of(each), 0) / estimates.length;
  return {
    losses: {
      edsd: mean((each) => each.loss),
      modeShifting: modeShifting === 'off' ? undefined : loss / modeShifting.weight,
    },
    shift: mean((each) => each.shift),
  };
}
