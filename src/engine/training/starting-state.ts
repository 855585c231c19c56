import { flatten, mapTree, type NdArray, ndArray, type Tree, zeros } from '../arrays/index.ts';
import type { TensorSpec } from '../graph/index.ts';
import { type LazySource, readSource, type Source } from '../runtime/index.ts';
import { initialLossScale, type LossScale } from './loss-scale.ts';

/** What a minimization begins with: the leaves of its state, to be held, and its counters. */
export interface StartingState {
  /** Variables, moments, averages, collected gradients; which branches exist depends on the settings. */
  readonly leaves: { readonly [branch: string]: Tree<Source> };
  readonly counters: Counters;
}

/** What the host keeps of a minimization. */
export interface Counters {
  /** Steps made so far. */
  readonly step: number;
  readonly lossScale: LossScale;
}

/** The branches beside the variables. */
export interface Branches {
  readonly moments: readonly string[];
  readonly averages: 'kept' | 'none';
  readonly gradients: 'collected' | 'at once';
}

/** Moments and gradients are zero, averages the variables themselves. */
export function freshState(
  variables: Tree<Source>,
  { moments, averages, gradients }: Branches,
  compute: 'float32' | 'float16',
): StartingState {
  const zeroed = mapTree<Tree<Source>, Source, LazySource>(variables, ({ dtype, shape }) => ({
    dtype,
    shape,
    read: async () => zeros(shape),
  })) as Tree<LazySource>;
  return {
    leaves: {
      variables,
      moments: Object.fromEntries(moments.map((name) => [name, zeroed])),
      ...(averages === 'kept' && { averages: variables }),
      ...(gradients === 'collected' && { gradients: zeroed }),
    },
    counters: { step: 0, lossScale: initialLossScale(compute) },
  };
}

/** A saved state in the form of a fresh one. @throws a sentence if it does not belong to the same problem */
export async function savedState(
  saved: Tree<Source>,
  { leaves: expected }: StartingState,
): Promise<StartingState> {
  const { counters, ...parts } = saved as Readonly<Record<string, Tree<Source>>> & { counters?: Source };
  const found = new Map(flatten<Source>(parts));
  const leaves = mapTree<Tree<Source>, Source, Source>(expected, ({ shape }, path) => {
    const source = found.get(path);
    if (source === undefined) throw new Error(`resume: the saved state has no "${path}"`);
    if (source.dtype !== 'float32' || source.shape.join() !== shape.join()) {
      throw new Error(`resume: "${path}" is ${source.dtype}[${source.shape}], expected float32[${shape}]`);
    }
    found.delete(path);
    return source;
  });
  const [surplus] = found.keys();
  if (surplus !== undefined) {
    throw new Error(`resume: the saved state's "${surplus}" is not part of this problem`);
  }
  if (counters?.dtype !== 'float64' || counters.shape.join() !== '3') {
    throw new Error('resume: the saved state has no "counters" (float64[3])');
  }
  const [step, scale, steady] = (await readSource(counters)).data as Float64Array;
  return {
    leaves: leaves as StartingState['leaves'],
    counters: { step: step!, lossScale: { scale: scale!, steady: steady! } },
  };
}

/** Counters as a leaf of what is saved. */
export const countersArray = ({ step, lossScale: { scale, steady } }: Counters): NdArray =>
  ndArray('float64', [3], Float64Array.of(step, scale, steady));

/** The shapes of a tree of sources. */
export const specsOf = (tree: Tree<Source>): Tree<TensorSpec> =>
  mapTree<Tree<Source>, Source, TensorSpec>(tree, ({ dtype, shape }) => ({
    dtype,
    shape,
  })) as Tree<TensorSpec>;
