import {
  castArray,
  flatten,
  mapTree,
  type NdArray,
  ndArray,
  type Tree,
  toNumbers,
  unflatten,
} from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { readArray } from '../../formats/lazy-array.ts';
import { type LowRankUpdate, type LowRankUpdates, rankOf } from './lora.ts';

export interface MergedLora {
  readonly parameters: Tree<NdArray>;
  /** The weights that were changed, as they were: `unmergeLora` puts these very arrays back. */
  readonly originals: ReadonlyMap<string, NdArray>;
  /** ‖ΔW‖, the root of the summed squares of all changes: 0 is a LoRA that does nothing. */
  readonly change: number;
}

/**
 * W + scale · alpha / rank · up · down for every weight that the updates name; nothing else is copied.
 * @throws FormatError if a weight is not in the tree
 */
export async function mergeLora(
  parameters: Tree<NdArray>,
  updates: LowRankUpdates,
  scale = 1,
): Promise<MergedLora> {
  const all = new Map(flatten<NdArray>(parameters));
  const originals = new Map<string, NdArray>();
  const merged = new Map<string, NdArray>();
  let squares = 0;
  for (const [name, update] of updates) {
    const weight = all.get(name);
    if (weight === undefined) {
      throw new FormatError(
        `the parameters have no ${quote(name)} that a LoRA could change; match it with them first`,
      );
    }
    const delta = await deltaOf(update, weight.data.length, name);
    for (const value of delta) squares += (scale * value) ** 2;
    originals.set(name, weight);
    merged.set(name, added(weight, delta, scale));
  }
  return { parameters: withArrays(parameters, merged), originals, change: Math.sqrt(squares) };
}

/** The parameters as they were before the merge, to the last bit. */
export const unmergeLora = (
  parameters: Tree<NdArray>,
  originals: ReadonlyMap<string, NdArray>,
): Tree<NdArray> => withArrays(parameters, originals);

/** The updates as trainable parameters: `….to_q.down` [rank, in] and `….to_q.up` [out, rank]. */
export async function lowRankTree(updates: LowRankUpdates): Promise<Tree<NdArray>> {
  const entries: [string, NdArray][] = [];
  for (const [name, { down, up }] of updates) {
    const module = name.replace(/\.weight$/, '');
    entries.push([`${module}.down`, castArray(await readArray(down), 'float32')]);
    entries.push([`${module}.up`, castArray(await readArray(up), 'float32')]);
  }
  return unflatten(entries);
}

/** alpha / rank · up · down, as many elements as the weight has. */
async function deltaOf(update: LowRankUpdate, length: number, name: string): Promise<Float32Array> {
  const rank = rankOf(update);
  const down = toNumbers(await readArray(update.down)); // [rank, in]
  const up = toNumbers(await readArray(update.up)); // [out, rank]
  const factor = (update.alpha ?? rank) / rank;
  const inputs = down.length / rank;
  const outputs = up.length / rank;
  if (inputs * outputs !== length) {
    throw new FormatError(
      `a LoRA's update of ${quote(name)} is ${outputs} by ${inputs}, the weight has ${length} elements`,
    );
  }
  const delta = new Float32Array(length);
  const row = new Float64Array(inputs);
  for (let output = 0; output < outputs; output++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const weight = up[output * rank + r]! * factor;
      for (let i = 0; i < inputs; i++) row[i]! += weight * down[r * inputs + i]!;
    }
    delta.set(row, output * inputs);
  }
  return delta;
}

function added(weight: NdArray, delta: Float32Array, scale: number): NdArray {
  const sum = Float32Array.from(toNumbers(weight), (value, i) => value + scale * delta[i]!);
  return castArray(ndArray('float32', weight.shape, sum), weight.dtype);
}

const withArrays = (tree: Tree<NdArray>, arrays: ReadonlyMap<string, NdArray>): Tree<NdArray> =>
  mapTree<Tree<NdArray>, NdArray, NdArray>(tree, (array, path) => arrays.get(path) ?? array) as Tree<NdArray>;
