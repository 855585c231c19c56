import {
  fold,
  isFloating,
  type NdArray,
  ndArray,
  normal,
  randomKey,
  toNumbers,
} from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  cast,
  evaluate,
  input,
  multiply,
  scope,
  spec,
  sum,
  type Tensor,
} from '../../../src/engine/graph/index.ts';
import type { Device } from '../../../src/engine/runtime/index.ts';
import type { Case } from './case.ts';

/** A case with its numbers: what the reference says, and what the device computed. */
export interface Outcome {
  readonly result: Tensor;
  readonly arrays: readonly NdArray[];
  /** What the elements of the result are multiplied with to give a loss. */
  readonly weights: NdArray;
  readonly reference: Computed;
  readonly produced: Computed;
  /** Slope of the loss along some random directions: by central differences, and by the gradient. */
  readonly slopes: readonly Slope[];
}

interface Computed {
  readonly value: NdArray;
  /** Of Σ result · weights, with respect to each float input; empty where the result is no float. */
  readonly gradients: readonly NdArray[];
}

interface Slope {
  readonly measured: number;
  readonly predicted: number;
  readonly tolerance: number;
}

/** Making a native session takes a time that grows faster than the program; one a case would be slow as well. */
const casesInAProgram = 24;

/** Computes cases and their gradients by the reference, and on the device, many in one program. */
export async function computeCases(
  device: Device,
  cases: ReadonlyMap<string, Case>,
): Promise<ReadonlyMap<string, Outcome>> {
  const entries = [...cases];
  const outcomes = new Map<string, Outcome>();
  for (let start = 0; start < entries.length; start += casesInAProgram) {
    const some = new Map(entries.slice(start, start + casesInAProgram));
    for (const [name, outcome] of await computeTogether(device, some)) outcomes.set(name, outcome);
  }
  return outcomes;
}

async function computeTogether(
  device: Device,
  cases: ReadonlyMap<string, Case>,
): Promise<ReadonlyMap<string, Outcome>> {
  const prepared = new Map([...cases].map(([name, row]) => [name, prepare(name, row)] as const));
  const keys = [...prepared.keys()];
  const at = Object.fromEntries([...prepared.values()].map((row, index) => [`case${index}`, row]));
  const program = await device.compile(
    (inputs: Record<string, { readonly arrays: readonly Tensor[]; readonly weights: Tensor }>) =>
      Object.fromEntries(
        Object.entries(inputs).map(([id, { arrays, weights }]) => {
          const { name, row } = at[id]!;
          return [id, scope(name, () => differentiate(row.build(...arrays), arrays, weights))];
        }),
      ),
    mapValues(at, ({ tensors, weights }) => ({ arrays: tensors.map(specOf), weights: specOf(weights) })),
  );
  const produced = await program.run(
    mapValues(at, ({ arrays, weightArray }) => ({ arrays, weights: weightArray })),
  );
  await program.dispose();
  return new Map(keys.map((name, index) => [name, finish(prepared.get(name)!, produced[`case${index}`]!)]));
}

interface Prepared {
  readonly name: string;
  readonly row: Case;
  readonly arrays: readonly NdArray[];
  readonly weightArray: NdArray;
  readonly tensors: readonly Tensor[];
  readonly weights: Tensor;
  readonly result: Tensor;
}

function prepare(name: string, row: Case): Prepared {
  const key = fold(randomKey(1), name);
  const arrays = row.inputs.map(({ draw }, index) => draw(fold(key, index)));
  const tensors = arrays.map((array, index) => input(`${index}`, array));
  const result = row.build(...tensors);
  const weightArray = normal(fold(key, 'weights'), result.shape);
  return { name, row, arrays, weightArray, tensors, weights: input('weights', weightArray), result };
}

const weighted = (result: Tensor, weights: Tensor): Tensor => sum(multiply(cast(result, 'float32'), weights));

function differentiate(result: Tensor, inputs: readonly Tensor[], weights: Tensor) {
  const targets = isFloating(result.dtype) ? inputs.filter(({ dtype }) => isFloating(dtype)) : [];
  return { value: result, gradients: gradient(weighted(result, weights), targets) };
}

function finish(prepared: Prepared, produced: Computed): Outcome {
  const { arrays, tensors, weights, weightArray, result } = prepared;
  const { gradients } = differentiate(result, tensors, weights);
  const feeds = new Map<Tensor, NdArray>([[weights, weightArray]]);
  tensors.forEach((tensor, index) => {
    feeds.set(tensor, arrays[index]!);
  });
  const [value, ...gradientValues] = evaluate([result, ...gradients], feeds) as [NdArray, ...NdArray[]];
  const reference = { value, gradients: gradientValues };
  const slopes = gradients.length === 0 ? [] : [0, 1].map((n) => measure(prepared, feeds, gradientValues, n));
  return { result, arrays, weights: weightArray, reference, produced, slopes };
}

/** (L(x + h d) − L(x − h d)) / 2h against ⟨∇L, d⟩, in float64. */
function measure(
  { name, tensors, weights, result }: Prepared,
  feeds: ReadonlyMap<Tensor, NdArray>,
  gradients: readonly NdArray[],
  attempt: number,
): Slope {
  const h = 1e-5;
  const targets = tensors.filter(({ dtype }) => isFloating(dtype));
  const key = fold(fold(randomKey(2), name), attempt);
  const directions = targets.map(({ shape }, index) => normal(fold(key, index), shape).data);
  const loss = weighted(result, weights);
  const lossAt = (step: number): number => {
    const moved = targets.map((tensor, index) => {
      const x = toNumbers(feeds.get(tensor)!);
      const data = Float64Array.from(x, (value, i) => value + step * directions[index]![i]!);
      return [tensor, ndArray('float64', tensor.shape, data)] as const;
    });
    return Number(evaluate([loss], new Map([...feeds, ...moved]))[0]!.data[0]);
  };
  const terms = gradients.flatMap((array, index) =>
    [...toNumbers(array)].map((slope, i) => slope * directions[index]![i]!),
  );
  const size = terms.reduce((total, term) => total + Math.abs(term), 0);
  return {
    measured: (lossAt(h) - lossAt(-h)) / (2 * h),
    predicted: terms.reduce((total, term) => total + term, 0),
    tolerance: 1e-6 * size + 1e-9 * (1 + Math.abs(lossAt(0))),
  };
}

export const isWrong = ({ measured, predicted, tolerance }: Slope): boolean =>
  !(Math.abs(measured - predicted) <= tolerance);

/** The largest difference between two arrays as a share of `scale`, by default the largest reference value. */
export function relativeError(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale = largest(expected),
): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [found[i]!, expected[i]!];
    if (Object.is(x, y)) continue;
    error = Math.max(error, Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity);
  }
  return error / Math.max(scale, 1e-3);
}

/** The largest finite magnitude; 0 if there is none. */
export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((size, x) => (Number.isFinite(x) ? Math.max(size, Math.abs(x)) : size), 0);

const specOf = ({ shape, dtype }: Tensor) => spec(shape, dtype);

const mapValues = <From, To>(record: Readonly<Record<string, From>>, replace: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, replace(value)]));
