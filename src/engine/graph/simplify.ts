import { castArray, type NdArray, sameShape, sizeOf, zeros } from '../arrays/index.ts';
import { evaluate } from './evaluate.ts';
import type { Primitive } from './primitive.ts';
import { Tensor } from './tensor.ts';
import { topologicalOrder } from './topological-order.ts';

/** Constants up to this many elements are compared by value and computed ahead; larger ones stay as they are. */
const smallConstant = 4096;

/**
 * The same values from fewer tensors: equal computations are shared, what depends on small constants alone is
 * computed now, and operations without effect go. Nothing that the outputs do not need is kept.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const replacements = new Map<Tensor, Tensor>();
  const byKey = new Map<string, Tensor>();
  const numbers = new Map<unknown, number>();
  const numberOf = (value: unknown) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value)!;
  };
  for (const tensor of topologicalOrder(outputs)) {
    const inputs = tensor.inputs.map((input) => replacements.get(input)!);
    const simpler = fold(withoutEffect(withInputs(tensor, inputs)));
    const key = keyOf(simpler, numberOf);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, simpler);
    replacements.set(tensor, known ?? simpler);
  }
  return outputs.map((output) => replacements.get(output)!);
}

function withInputs<P extends Primitive>(tensor: Tensor<P>, inputs: readonly Tensor[]): Tensor {
  if (inputs.every((input, index) => input === tensor.inputs[index])) return tensor;
  const { primitive, attributes, dtype, shape, scope, region } = tensor;
  return new Tensor(primitive, inputs, attributes, dtype, shape, scope, region);
}

/** What makes two tensors equal: primitive, attributes and inputs. Recomputed values (`after`) stay apart. */
function keyOf(tensor: Tensor, numberOf: (value: unknown) => number): string {
  if (tensor.primitive === 'input') return `input ${numberOf(tensor)}`;
  if (tensor.primitive === 'constant') return constantKey(tensor as Tensor<'constant'>, numberOf);
  const inputs = tensor.inputs.map(numberOf).join(' ');
  return `${tensor.primitive} ${inputs} ${JSON.stringify(tensor.attributes)}`;
}

function constantKey(
  { attributes: { value } }: Tensor<'constant'>,
  numberOf: (value: unknown) => number,
): string {
  const content = sizeOf(value.shape) <= smallConstant ? contentOf(value) : numberOf(value.data);
  return `constant ${value.dtype} [${value.shape}] ${content}`;
}

/** The raw bytes: −0 and 0 differ, as 1 / x knows. */
const contentOf = ({ data }: NdArray) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');

/** Replaces an operation that changes nothing by its operand. */
function withoutEffect(tensor: Tensor): Tensor {
  const [x] = tensor.inputs;
  if (x === undefined) return tensor;
  const rule = effectless[tensor.primitive as keyof typeof effectless];
  return rule?.(tensor as never, x) ?? tensor;
}

type Simplification<P extends Primitive> = (tensor: Tensor<P>, x: Tensor) => Tensor | undefined;

const effectless: { readonly [P in Primitive]?: Simplification<P> } = {
  // Gradients have been taken by now: the barrier has done its work.
  stopGradient: (_, x) => x,
  add: (tensor, x) => neutral(tensor, x, 0, 'either side'),
  subtract: (tensor, x) => neutral(tensor, x, 0, 'right side'),
  multiply: (tensor, x) => neutral(tensor, x, 1, 'either side'),
  divide: (tensor, x) => neutral(tensor, x, 1, 'right side'),
  negate: (_, x) => (x.primitive === 'negate' ? x.inputs[0] : undefined),
  reshape: ({ shape }, x) => {
    if (x.primitive === 'reshape') return rebuilt('reshape', x.inputs[0]!, { shape }, x);
    return sameShape(x.shape, shape) ? x : undefined;
  },
  transpose: ({ attributes: { permutation } }, x) => {
    if (permutation.every((axis, index) => axis === index)) return x;
    if (x.primitive !== 'transpose') return undefined;
    const inner = (x as Tensor<'transpose'>).attributes.permutation;
    const both = permutation.map((axis) => inner[axis]!);
    if (both.every((axis, index) => axis === index)) return x.inputs[0];
    return rebuilt('transpose', x.inputs[0]!, { permutation: both }, x);
  },
  slice: ({ shape }, x) => (sameShape(x.shape, shape) ? x : undefined),
};

function rebuilt<P extends 'reshape' | 'transpose'>(
  primitive: P,
  x: Tensor,
  attributes: Tensor<P>['attributes'],
  from: Tensor,
): Tensor {
  const shape =
    'shape' in attributes
      ? attributes.shape
      : (attributes as Tensor<'transpose'>['attributes']).permutation.map((axis) => x.shape[axis]!);
  if (sameShape(shape, x.shape) && primitive === 'reshape') return x;
  return new Tensor(primitive, [x], attributes, x.dtype, shape, from.scope, from.region);
}

/** x + 0, x − 0, x · 1 and x / 1 are x, where the number did not stretch the shape. */
function neutral(
  tensor: Tensor,
  x: Tensor,
  value: number,
  where: 'either side' | 'right side',
): Tensor | undefined {
  const y = tensor.inputs[1]!;
  if (isNumber(y, value) && sameShape(x.shape, tensor.shape)) return x;
  if (where === 'either side' && isNumber(x, value) && sameShape(y.shape, tensor.shape)) return y;
  return undefined;
}

function isNumber(tensor: Tensor, value: number): boolean {
  if (tensor.primitive === 'broadcast') return isNumber(tensor.inputs[0]!, value);
  if (tensor.primitive !== 'constant' || sizeOf(tensor.shape) !== 1) return false;
  return Number(evaluate([tensor])[0]!.data[0]) === value;
}

function fold(tensor: Tensor): Tensor {
  if (tensor.inputs.length === 0 || sizeOf(tensor.shape) > smallConstant) return tensor;
  // Where there are no elements, there is nothing to compute (and kernels differ in what they make of it).
  if (sizeOf(tensor.shape) === 0) return constantLike(tensor, zeros(tensor.shape, tensor.dtype));
  // A broadcast or reshaped constant is as cheap as a constant, and smaller.
  if (tensor.primitive === 'broadcast' || tensor.primitive === 'after') return tensor;
  const foldable = tensor.inputs.every(
    ({ primitive, shape }) => primitive === 'constant' && sizeOf(shape) <= smallConstant,
  );
  if (!foldable) return tensor;
  return constantLike(tensor, castArray(evaluate([tensor])[0]!, tensor.dtype));
}

const constantLike = ({ dtype, shape, scope, region }: Tensor, value: NdArray): Tensor =>
  new Tensor('constant', [], { value }, dtype, shape, scope, region);
