import { type MapTree, mapTree, type NdArray, scalar, type Tree, unflatten } from '../arrays/index.ts';
import { spec, type Tensor, type TensorSpec } from '../graph/index.ts';
import {
  type Device,
  type LazySource,
  Owner,
  type Source,
  type State,
  type StateLeaf,
  type StepProgram,
  type StepResult,
} from '../runtime/index.ts';
import { nextLossScale } from './loss-scale.ts';
import { checkProblem, type Problem, type Settings } from './problem.ts';
import { checkRate } from './schedules.ts';
import {
  type Counters,
  countersArray,
  freshState,
  type StartingState,
  savedState,
  specsOf,
} from './starting-state.ts';
import {
  accumulated,
  applyUpdate,
  batchGradients,
  type StepRecipe,
  type StepScalars,
  type StepState,
} from './step-graphs.ts';

/** The variables as arrays, whether they were given as arrays or as sources. */
export type Arrays<T> = T extends Tree<NdArray> ? T : MapTree<T, Source, NdArray>;

/** What a step reports. */
export interface StepReport {
  /** Steps made so far, this one included. */
  readonly step: number;
  /** Mean loss of the step's batches, before the update. */
  readonly loss: number;
  /** That of the variables which have no rate of their own. */
  readonly learningRate: number;
  /** Norm of the gradients before clipping. */
  readonly gradientNorm: number;
  /** `skipped`: a float16 gradient overflowed, the loss scale was halved and nothing else changed. */
  readonly update: 'applied' | 'skipped';
}

/**
 * Everything that a run consists of, as one tree: variables, moments, averages and the counters. Restored, the
 * run goes on as if it had never stopped: on the CPU bit for bit, given the same batches.
 */
export type TrainingState = Tree<NdArray>;

/**
 * Prepares the minimization of a function on a device: traces the loss, differentiates it and compiles the step.
 * @param resumeFrom a `TrainingState`, or sources of one: it goes on there
 * @throws a sentence if a setting is out of its range, a variable is not float32, or the saved state is of another
 *   problem
 */
export async function createMinimizer<Variables extends Tree<Source>, Batch extends Tree<TensorSpec>>(
  device: Device,
  problem: Problem<Variables, Batch>,
  resumeFrom?: Tree<Source>,
): Promise<Minimizer<Variables>> {
  const settings = checkProblem(problem);
  const fresh = freshState(
    problem.variables,
    {
      moments: settings.optimizer.moments,
      averages: settings.averageDecay === undefined ? 'none' : 'kept',
      gradients: settings.batchesPerStep === 1 ? 'at once' : 'collected',
    },
    settings.compute,
  );
  const start = resumeFrom === undefined ? fresh : await savedState(resumeFrom, fresh);
  await using owner = new Owner();
  const programs = await compilePrograms(device, problem, settings, owner);
  return await Minimizer.start<Variables>({
    device,
    frozen: problem.frozen,
    start,
    settings,
    programs,
    owner,
  });
}

/** A step as one program; or, where several batches make one, a program for each of them and one that updates. */
async function compilePrograms<Variables extends Tree<Source>, Batch extends Tree<TensorSpec>>(
  device: Device,
  problem: Problem<Variables, Batch>,
  settings: Settings,
  owner: Owner,
): Promise<Programs> {
  const compileOptions = {
    ...(problem.compute && { compute: problem.compute }),
    ...(problem.threads && { threads: problem.threads }),
  };
  const recipe: StepRecipe<Tree<TensorSpec>, Batch> = {
    loss: problem.loss as StepRecipe<Tree<TensorSpec>, Batch>['loss'],
    optimizer: settings.optimizer,
    rateOf: settings.rateOf,
    clipNorm: problem.clipNorm,
    averages: problem.averageDecay !== undefined,
  };
  const shared = {
    variables: specsOf(problem.variables),
    ...(problem.frozen && { frozen: unflatten(problem.frozen.leaves()) }),
  };
  const perStep = {
    ...shared,
    moments: Object.fromEntries(settings.optimizer.moments.map((name) => [name, shared.variables])),
    ...(recipe.averages && { averages: shared.variables }),
  };
  const scalars = {
    lossScale: spec([]),
    rates: settings.rates.map(() =>
      Object.fromEntries(settings.optimizer.scalars.map((name) => [name, spec([])])),
    ),
    ...(recipe.averages && { averageRate: spec([]) }),
  };
  const compileStep = async (
    build: (inputs: never, state: never) => StepResult,
    specs: Tree<TensorSpec>,
    state: Tree<TensorSpec>,
  ): Promise<Step> => {
    const step = await device.compileStep(build, specs as never, state as never, compileOptions);
    return owner.use(step as unknown as Step);
  };

  if (settings.batchesPerStep === 1) {
    const step = await compileStep(
      ({ batch, scalars }: StepInputs, state: StepState) => {
        const { loss, gradients } = batchGradients(recipe, state, batch, scalars);
        const { outputs, state: next } = applyUpdate(recipe, state, gradients, scalars);
        return { outputs: { ...outputs, loss }, state: next };
      },
      { batch: problem.batch, scalars: { ...scalars, share: spec([]) } },
      perStep,
    );
    return { kind: 'at once', step };
  }
  const collect = await compileStep(
    ({ batch, scalars }: StepInputs, state: StepState) => {
      const { loss, gradients } = batchGradients(recipe, state, batch, scalars);
      return {
        outputs: { loss },
        state: { gradients: accumulated(state.gradients!, gradients, scalars.first!) },
      };
    },
    { batch: problem.batch, scalars: { lossScale: spec([]), share: spec([]), first: spec([]) } },
    { ...shared, gradients: shared.variables },
  );
  const update = await compileStep(
    ({ scalars }: StepInputs, state: StepState) => applyUpdate(recipe, state, state.gradients!, scalars),
    { scalars },
    { ...perStep, gradients: shared.variables },
  );
  return { kind: 'collected', collect, update };
}

/** A compiled step of any form: its inputs and outputs are checked when it runs. */
type Step = StepProgram<Tree<NdArray>, Tree<NdArray>>;

interface StepInputs {
  readonly batch: Tree<Tensor>;
  readonly scalars: StepScalars;
}

type Programs =
  | { readonly kind: 'at once'; readonly step: Step }
  | { readonly kind: 'collected'; readonly collect: Step; readonly update: Step };

/** A minimization under way. Its state lives on the device. Made by `createMinimizer`. */
export class Minimizer<Variables extends Tree<Source>> {
  /** Calls of `advance`: what is to be read of one state must not be read of the next. */
  private calls = 0;

  private constructor(
    private readonly settings: Settings,
    private readonly programs: Programs,
    private readonly state: State<HeldTree>,
    /** The same, and what is frozen beside it. */
    private readonly all: State,
    private counters: Counters,
    private readonly owner: Owner,
  ) {}

  static async start<Variables extends Tree<Source>>({
    device,
    frozen,
    start: { leaves, counters },
    settings,
    programs,
    owner,
  }: {
    readonly device: Device;
    readonly frozen: State | undefined;
    readonly start: StartingState;
    readonly settings: Settings;
    readonly programs: Programs;
    /** Of the programs; what is started takes it over. */
    readonly owner: Owner;
  }): Promise<Minimizer<Variables>> {
    const state = owner.use((await device.holdLazily(leaves)) as unknown as State<HeldTree>);
    const all = owner.use(
      await device.combine({
        ...(state.references() as { readonly [branch: string]: Tree<StateLeaf> }),
        ...(frozen && { frozen: frozen.references() as Tree<StateLeaf> }),
      }),
    );
    return new Minimizer<Variables>(settings, programs, state, all, counters, owner.move());
  }

  /** Steps made so far. */
  get step(): number {
    return this.counters.step;
  }

  /**
   * Makes one step.
   * @param batches as many as make a step (`batchesPerStep`, by default one)
   * @throws a sentence if the loss or a gradient is not finite; the variables are then as before the step
   */
  async advance(...batches: readonly Tree<NdArray>[]): Promise<StepReport> {
    const { rates, optimizer, batchesPerStep, averageDecay } = this.settings;
    if (batches.length !== batchesPerStep) {
      throw new Error(`advance: a step takes ${batchesPerStep} batch(es), got ${batches.length}`);
    }
    this.calls++;
    const { step, lossScale } = this.counters;
    const applied = step + 1;
    const learningRates = rates.map((schedule) => schedule(step));
    for (const rate of learningRates) checkRate(`step ${applied}`, rate);
    const forUpdate: Scalars = {
      lossScale: scalar(lossScale.scale),
      rates: learningRates.map((rate) => arrays(optimizer.scalarsAt(applied, rate))),
      ...(averageDecay !== undefined && {
        averageRate: scalar(1 - Math.min(averageDecay, applied / (applied + 9))),
      }),
    };
    const share = scalar(1 / batchesPerStep);
    const { loss, gradientNorm } =
      this.programs.kind === 'at once'
        ? await this.runAtOnce(this.programs.step, batches[0]!, { ...forUpdate, share })
        : await this.runCollected(this.programs, batches, forUpdate, share);
    return this.conclude(loss, gradientNorm, learningRates[0]!);
  }

  /** The variables as they are now, copied to the host. */
  async variables(): Promise<Arrays<Variables>> {
    return (await this.state.readBranch('variables')) as Arrays<Variables>;
  }

  /** The variables as leaves of a state, which have the values of each step as it is made. */
  references(): MapTree<Variables, Source, StateLeaf> {
    const { variables } = this.state.references() as unknown as { readonly variables: Tree<StateLeaf> };
    return variables as MapTree<Variables, Source, StateLeaf>;
  }

  /** The moving averages of the variables. @throws if none are kept */
  async averages(): Promise<Arrays<Variables>> {
    if (this.settings.averageDecay === undefined) throw new Error('averages: set averageDecay to keep them');
    return (await this.state.readBranch('averages')) as Arrays<Variables>;
  }

  /** Copies the whole state to the host. */
  async save(): Promise<TrainingState> {
    return { ...(await this.state.read()), counters: countersArray(this.counters) };
  }

  /**
   * The same to be read leaf by leaf, for a writer of gigabytes, before the next step is made.
   * @throws where a leaf is read later: what it was is gone
   */
  sources(): Tree<LazySource> {
    const { calls, counters } = this;
    const leaves = mapTree<Tree<LazySource>, LazySource, LazySource>(
      this.state.sources() as unknown as Tree<LazySource>,
      (source, path) => ({
        ...source,
        read: async () => {
          if (calls === this.calls) return source.read();
          throw new Error(
            `"${path}" as it was after step ${counters.step} is gone; read it before the next step`,
          );
        },
      }),
    ) as { readonly [branch: string]: Tree<LazySource> };
    const counted = countersArray(counters);
    return {
      ...leaves,
      counters: { dtype: counted.dtype, shape: counted.shape, read: async () => countersArray(counters) },
    };
  }

  async dispose(): Promise<void> {
    await this.owner.dispose();
  }

  private async runAtOnce(step: Step, batch: Tree<NdArray>, scalars: Scalars): Promise<LossAndNorm> {
    return numbers(await step.run({ batch, scalars } as Tree<NdArray>, this.all));
  }

  private async runCollected(
    { collect, update }: Extract<Programs, { kind: 'collected' }>,
    batches: readonly Tree<NdArray>[],
    scalars: Scalars,
    share: NdArray,
  ): Promise<LossAndNorm> {
    let loss = 0;
    for (const [part, batch] of batches.entries()) {
      const first = scalar(part === 0 ? 1 : 0);
      const inputs = { batch, scalars: { lossScale: scalars.lossScale!, share, first } };
      loss += numbers(await collect.run(inputs as Tree<NdArray>, this.all)).loss;
    }
    const { gradientNorm } = numbers(await update.run({ scalars } as Tree<NdArray>, this.all));
    return { loss, gradientNorm };
  }

  private conclude(loss: number, gradientNorm: number, learningRate: number): StepReport {
    const finite = Number.isFinite(gradientNorm);
    const step = this.counters.step + 1;
    if (!Number.isFinite(loss) || (!finite && this.settings.compute === 'float32')) {
      const what = Number.isFinite(loss) ? `norm of the gradients is ${gradientNorm}` : `loss is ${loss}`;
      throw new Error(
        `At step ${step} the ${what}; the variables are as before it. A lower learning rate may help.`,
      );
    }
    let { lossScale } = this.counters;
    if (this.settings.compute === 'float16') {
      lossScale = nextLossScale(lossScale, finite ? 'finite' : 'overflow');
      if (lossScale.scale < 2 ** -24)
        throw new Error(`At step ${step} float16 gradients overflow at any scale`);
    }
    this.counters = { step: finite ? step : this.counters.step, lossScale };
    return { step: this.step, loss, learningRate, gradientNorm, update: finite ? 'applied' : 'skipped' };
  }
}

/** A training state as the device holds it; which branches exist depends on the settings. */
type HeldTree = { readonly [branch: string]: Tree<NdArray> };

/** What is fed beside a batch, as `StepScalars` has it. */
type Scalars = { readonly [name: string]: Tree<NdArray> };

interface LossAndNorm {
  readonly loss: number;
  readonly gradientNorm: number;
}

const arrays = (values: Readonly<Record<string, number>>): Record<string, NdArray> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalar(value)]));

const numbers = (outputs: Tree<NdArray>): LossAndNorm => {
  const read = (name: string) => Number((outputs as Record<string, NdArray>)[name]?.data[0]);
  return { loss: read('loss'), gradientNorm: read('gradientNorm') };
};
