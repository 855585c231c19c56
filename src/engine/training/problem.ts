import { type Entry, flatten, isFloating, type MapTree, type Tree } from '../arrays/index.ts';
import type { Tensor, TensorSpec, TensorsOf } from '../graph/index.ts';
import type { Source, State } from '../runtime/index.ts';
import { adamW, type Optimizer } from './optimizers.ts';
import { checkRate, constantRate, type Schedule } from './schedules.ts';

/** The tensors that stand for a tree of variables while a loss is traced. */
export type Tensors<T> = MapTree<T, Source, Tensor>;

/** A function to be minimized, and how. */
export interface Problem<Variables extends Tree<Source>, Batch extends Tree<TensorSpec>> {
  /**
   * Where the variables start: a tree of float32 arrays, or of sources, which are read once (and once more for averages)
   * and of which nothing stays on the host. Leaves of another state are given as its `sources()`.
   */
  readonly variables: Variables;
  /** Shapes of what is fed at every step: data, noise, times. */
  readonly batch: Batch;
  /**
   * The mean loss of a batch, a float32 scalar. Small frozen arrays are constants inside it, large ones leaves of
   * `frozen`, whose tensors it gets as a tree of the same form.
   */
  readonly loss: (variables: Tensors<Variables>, batch: TensorsOf<Batch>, frozen: Tree<Tensor>) => Tensor;
  /** What the loss reads and never changes, on the same device; it is shared, and stays the caller's. */
  readonly frozen?: State;
  /** Default: AdamW with its usual constants. */
  readonly optimizer?: Optimizer;
  readonly learningRate: number | Schedule;
  /** Other rates for some variables, by the branch of the tree (a dotted path) that they are. Default: none. */
  readonly branchRates?: Readonly<Record<string, number | Schedule>>;
  /** The gradients of all variables together are scaled down to this norm. Default: not clipped. */
  readonly clipNorm?: number;
  /** Batches whose gradients make one step, averaged. Default 1. */
  readonly batchesPerStep?: number;
  /** Keep an exponential moving average of the variables with this decay, reached gradually. Default: none. */
  readonly averageDecay?: number;
  /** float16: products in half precision with dynamic loss scaling. Default float32. */
  readonly compute?: 'float32' | 'float16';
  readonly threads?: number;
}

/** A problem's settings with their defaults. */
export interface Settings {
  readonly optimizer: Optimizer;
  /** The first is that of the variables which have none of their own. */
  readonly rates: readonly Schedule[];
  /** Which of them a variable has. */
  readonly rateOf: (path: string) => number;
  readonly batchesPerStep: number;
  readonly averageDecay: number | undefined;
  readonly compute: 'float32' | 'float16';
}

/** @throws a sentence if a setting is out of its range or a variable is not float32 */
export function checkProblem(problem: Omit<Problem<Tree<Source>, Tree<TensorSpec>>, 'loss'>): Settings {
  const { learningRate, clipNorm, batchesPerStep = 1, averageDecay, compute = 'float32' } = problem;
  const entries: Entry<Source>[] = flatten<Source>(problem.variables);
  if (entries.length === 0) throw new Error('minimize: there are no variables');
  for (const [path, { dtype }] of entries) {
    if (dtype === 'float32') continue;
    const hint = isFloating(dtype) ? 'cast it' : 'only floats can be trained';
    throw new Error(`minimize: the variable "${path}" is ${dtype}, expected float32; ${hint}`);
  }
  const { branchRates = {} } = problem;
  for (const rate of [learningRate, ...Object.values(branchRates)]) {
    if (typeof rate === 'number') checkRate('minimize', rate);
  }
  const branches = Object.keys(branchRates);
  const within = (path: string, branch: string) => path === branch || path.startsWith(`${branch}.`);
  for (const branch of branches) {
    if (entries.some(([path]) => within(path, branch))) continue;
    throw new Error(`minimize: branchRates has "${branch}", the variables have no such branch`);
  }
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new Error(`minimize: clipNorm is above 0, got ${clipNorm}`);
  if (!(Number.isInteger(batchesPerStep) && batchesPerStep >= 1)) {
    throw new Error(`minimize: batchesPerStep is a whole number ≥ 1, got ${batchesPerStep}`);
  }
  if (averageDecay !== undefined && !(averageDecay >= 0 && averageDecay < 1)) {
    throw new Error(`minimize: averageDecay lies in [0, 1), got ${averageDecay}`);
  }
  return {
    optimizer: problem.optimizer ?? adamW(),
    rates: [learningRate, ...Object.values(branchRates)].map((rate) =>
      typeof rate === 'number' ? constantRate(rate) : rate,
    ),
    rateOf: (path) => branches.findIndex((branch) => within(path, branch)) + 1,
    batchesPerStep,
    averageDecay,
    compute,
  };
}
