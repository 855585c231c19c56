import { type Entry, flatten, type Tree, unflatten } from '../arrays/index.ts';
import { gradient } from '../autodiff/index.ts';
import {
  add,
  divide,
  greater,
  minimum,
  multiply,
  select,
  sqrt,
  subtract,
  sum,
  type Tensor,
  type TensorSpec,
  type TensorsOf,
} from '../graph/index.ts';
import { jointUpdates } from './joint-updates.ts';
import type { Optimizer } from './optimizers.ts';

/** What a training step needs to know when it is traced. */
export interface StepRecipe<Variables extends Tree<TensorSpec>, Batch extends Tree<TensorSpec>> {
  readonly loss: (variables: TensorsOf<Variables>, batch: TensorsOf<Batch>, frozen: Tree<Tensor>) => Tensor;
  readonly optimizer: Optimizer;
  /** Which of the rates a variable has, by its path. */
  readonly rateOf: (path: string) => number;
  readonly clipNorm: number | undefined;
  readonly averages: boolean;
}

/** Numbers that the host feeds at every step; each is there if the step needs it. */
export interface StepScalars {
  readonly lossScale?: Tensor;
  readonly share?: Tensor;
  readonly first?: Tensor;
  readonly averageRate?: Tensor;
  /** The optimizer's, once for each learning rate. */
  readonly rates?: readonly Readonly<Record<string, Tensor>>[];
}

const largestFloat32 = 3.4028234663852886e38;

/** Leaves by path, so that trees of one form can be walked side by side. */
type Leaves = Readonly<Record<string, Tensor>>;

export interface StepState {
  readonly variables: Tree<Tensor>;
  readonly moments: Readonly<Record<string, Tree<Tensor>>>;
  readonly averages?: Tree<Tensor>;
  readonly gradients?: Tree<Tensor>;
  readonly frozen?: Tree<Tensor>;
}

/** Loss and gradients of one batch, both divided by the number of batches that make a step. */
export function batchGradients<Variables extends Tree<TensorSpec>, Batch extends Tree<TensorSpec>>(
  recipe: StepRecipe<Variables, Batch>,
  { variables, frozen = {} }: Pick<StepState, 'variables' | 'frozen'>,
  batch: Tree<Tensor>,
  { lossScale, share }: StepScalars,
): { readonly loss: Tensor; readonly gradients: Tree<Tensor> } {
  const loss = recipe.loss(variables as TensorsOf<Variables>, batch as TensorsOf<Batch>, frozen);
  const scaled = multiply(multiply(loss, share!), lossScale!);
  return { loss: multiply(loss, share!), gradients: gradient(scaled, variables) as Tree<Tensor> };
}

/**
 * Adds gradients to those collected so far, or puts them in their place.
 * @param first above 0 for the first batch of a step: what was collected for the step before is written over. (An
 *   update that wrote zeros would hold them beside the gradients that it reads.)
 */
export function accumulated(collected: Tree<Tensor>, gradients: Tree<Tensor>, first: Tensor): Tree<Tensor> {
  const known = leavesOf(collected);
  const isFirst = greater(first, 0);
  return treeOf(
    flatten<Tensor>(gradients).map(([path, gradient]) => [
      path,
      select(isFirst, gradient, add(known[path]!, gradient)),
    ]),
  );
}

/**
 * The optimizer's update. Where a gradient is not finite, nothing changes: every new value is the old one.
 * Outputs: the norm of the gradients before clipping.
 */
export function applyUpdate<Variables extends Tree<TensorSpec>, Batch extends Tree<TensorSpec>>(
  { optimizer, clipNorm, rateOf }: StepRecipe<Variables, Batch>,
  state: StepState,
  scaledGradients: Tree<Tensor>,
  scalars: StepScalars,
): { readonly outputs: { readonly gradientNorm: Tensor }; readonly state: Tree<Tensor> } {
  const [variables, gradients] = [leavesOf(state.variables), leavesOf(scaledGradients)];
  const averages = state.averages === undefined ? undefined : leavesOf(state.averages);
  const moments = Object.fromEntries(
    optimizer.moments.map((name) => [name, leavesOf(state.moments[name]!)] as const),
  );
  const groups = jointUpdates(Object.entries(variables), optimizer.formOf, rateOf).map((group) => {
    const joined = (leaves: Leaves) => group.join(group.paths.map((path) => leaves[path]!));
    return { ...group, joined, scaled: joined(gradients) };
  });
  // Of the gradients as they are: divided first, all of them would be held twice until the norm is known.
  const norm = divide(globalNorm(groups.map(({ scaled }) => scaled)), scalars.lossScale!);
  const finite = greater(largestFloat32, norm); // neither infinite nor NaN;
  const clip = clipNorm === undefined ? undefined : minimum(divide(clipNorm, add(norm, 1e-6)), 1);

  const next: Entry<Tensor>[] = [];
  for (const { form, rate, paths, joined, split, scaled } of groups) {
    const put = (part: string, joint: Tensor) =>
      split(joint).forEach((value, index) => {
        const path = paths[index]!;
        next.push([path === '' ? part : `${part}.${path}`, value]);
      });
    const keep = (part: string, value: Tensor, old: Tensor) => {
      if (value !== old) put(part, select(finite, value, old));
    };
    const gradient = divide(scaled, scalars.lossScale!);
    const clipped = clip === undefined ? gradient : multiply(gradient, clip);
    const variable = joined(variables);
    const own = Object.fromEntries(optimizer.moments.map((name) => [name, joined(moments[name]!)] as const));
    const updated = optimizer.update(variable, clipped, own, scalars.rates![rate]!, form);
    keep('variables', updated.variable, variable);
    for (const name of optimizer.moments) keep(`moments.${name}`, updated.moments[name]!, own[name]!);
    if (averages !== undefined) {
      const old = joined(averages);
      // ā ← ā + (1 − d)(θ − ā)
      keep('averages', add(old, multiply(subtract(updated.variable, old), scalars.averageRate!)), old);
    }
  }
  return { outputs: { gradientNorm: norm }, state: unflatten(next) };
}

const globalNorm = (gradients: readonly Tensor[]): Tensor =>
  sqrt(
    gradients.map((gradient) => sum(multiply(gradient, gradient))).reduce((total, part) => add(total, part)),
  );

const leavesOf = (tree: Tree<Tensor>): Leaves => Object.fromEntries(flatten<Tensor>(tree));

const treeOf = (entries: readonly Entry<Tensor>[]): Tree<Tensor> => unflatten(entries);
