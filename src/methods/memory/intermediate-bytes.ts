import type { Primitive } from '../../engine/index.ts';
import { bytesPerElement, sizeOf, type Tensor, topologicalOrder } from '../../engine/index.ts';

/**
 * The most memory that a graph's intermediate values take at a time, without its inputs, constants and outputs, which
 * have theirs before it runs: every value is made in the order in which the graph is written, takes the place of an
 * operand that is of no more use where the operation goes element by element, and is freed after its last reader.
 */
export function intermediateBytes(outputs: readonly Tensor[]): number {
  const order = topologicalOrder(outputs);
  const lastReader = lastReaders(order);
  const kept = new Set(outputs.map(owner));
  let [now, most] = [0, 0];
  for (const [place, tensor] of order.entries()) {
    if (!takesMemory(tensor) || owner(tensor) !== tensor) continue;
    const operands = [...new Set(tensor.inputs.map(owner))].filter(takesMemory);
    const ending = operands.filter((operand) => lastReader.get(operand) === place && !kept.has(operand));
    const freed = ending.reduce((sum, operand) => sum + bytesOf(operand), 0);
    const own = kept.has(tensor) ? 0 : bytesOf(tensor);
    const inPlace =
      own > 0 && elementwise.has(tensor.primitive) && ending.some((operand) => bytesOf(operand) === own);
    now += inPlace ? 0 : own;
    most = Math.max(most, now);
    now -= inPlace ? freed - own : freed;
  }
  return most;
}

/** Where in the order each value is read for the last time, by itself or by a view of it. */
function lastReaders(order: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const last = new Map<Tensor, number>();
  for (const [place, tensor] of order.entries()) {
    if (owner(tensor) !== tensor) continue;
    for (const input of tensor.inputs) last.set(owner(input), place);
  }
  return last;
}

/** Whose memory a value is: a view has its operand's. */
function owner(tensor: Tensor): Tensor {
  let found = tensor;
  while (views.has(found.primitive)) found = found.inputs[0]!;
  return found;
}

const takesMemory = ({ primitive }: Tensor): boolean => primitive !== 'input' && primitive !== 'constant';

const bytesOf = ({ dtype, shape }: Tensor): number => sizeOf(shape) * bytesPerElement(dtype);

const views: ReadonlySet<Primitive> = new Set<Primitive>(['reshape', 'stopGradient']);

const elementwise: ReadonlySet<Primitive> = new Set<Primitive>([
  'negate',
  'absolute',
  'exp',
  'log',
  'sqrt',
  'reciprocal',
  'tanh',
  'sigmoid',
  'erf',
  'add',
  'subtract',
  'multiply',
  'divide',
  'power',
  'maximum',
  'minimum',
  'select',
  'softmax',
  'after',
]);
