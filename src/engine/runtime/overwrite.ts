import { sameShape } from '../arrays/index.ts';
import type { Primitive, Tensor } from '../graph/index.ts';
import { topologicalOrder } from '../graph/index.ts';

/**
 * Whether the new value of a state may be written over the old one while the program runs: everything that
 * reads the old value must have run before the last operation of the new one, which itself may read the old
 * value only element by element. Then a training step needs no second copy of its state.
 */
export function canOverwrite(
  old: Tensor,
  next: Tensor,
  outputs: readonly Tensor[],
  consumers: Consumers,
): boolean {
  if (old === next) return false;
  const before = new Set(topologicalOrder([next]));
  const readers = readersOf(old, consumers);
  const copied = new Set([old, ...readers.filter(({ primitive }) => views.has(primitive))]);
  if (outputs.some((output) => copied.has(output))) return false;
  return readers.every((reader) => {
    if (reader !== next) return before.has(reader);
    return elementwise.has(next.primitive) && sameShape(next.shape, old.shape);
  });
}

/** Who reads a tensor's memory: its consumers, and those of the views of it. */
function readersOf(tensor: Tensor, consumers: Consumers): Tensor[] {
  return (consumers.get(tensor) ?? []).flatMap((consumer) =>
    views.has(consumer.primitive) ? [consumer, ...readersOf(consumer, consumers)] : [consumer],
  );
}

export type Consumers = ReadonlyMap<Tensor, readonly Tensor[]>;

/** Every tensor with those that have it as an operand. */
export function consumersIn(outputs: readonly Tensor[]): Consumers {
  const consumers = new Map<Tensor, Tensor[]>();
  for (const tensor of topologicalOrder(outputs)) {
    for (const input of new Set(tensor.inputs)) {
      const known = consumers.get(input);
      if (known === undefined) consumers.set(input, [tensor]);
      else known.push(tensor);
    }
  }
  return consumers;
}

const views: ReadonlySet<Primitive> = new Set<Primitive>(['reshape', 'stopGradient']);

const elementwise: ReadonlySet<Primitive> = new Set<Primitive>([
  'add',
  'subtract',
  'multiply',
  'divide',
  'select',
  'maximum',
  'minimum',
  'negate',
]);
