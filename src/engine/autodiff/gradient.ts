import { flatten, isFloating, type MapTree, mapTree, sizeOf, type Tree } from '../arrays/index.ts';
import {
  add,
  after,
  filled,
  isWithin,
  type Primitive,
  type Region,
  refuse,
  reshape,
  scopedAs,
  slice,
  Tensor,
  topologicalOrder,
} from '../graph/index.ts';
import { type GradientRule, gradientRules } from './gradient-rules.ts';

/**
 * The gradient of a scalar with respect to every leaf of a tree: parameters, inputs, or values in between.
 * Reverse mode, graph to graph; the result is a tree of tensors like any other and can be differentiated again.
 * A leaf that the loss does not depend on gets zeros.
 *
 * @param loss a float scalar, shape []
 * @param withRespectTo float tensors; where one depends on another, each gets its own total derivative
 * @throws ShapeError if the loss is not a scalar or a leaf is not a float
 */
export function gradient<T extends Tree<Tensor>>(loss: Tensor, withRespectTo: T): MapTree<T, Tensor, Tensor> {
  if (loss.rank !== 0 || !isFloating(loss.dtype)) {
    refuse('gradient', `the loss is a float scalar, got ${loss}; sum or average it first`);
  }
  const targets = flatten<Tensor>(withRespectTo).map(([path, tensor]) => {
    if (isFloating(tensor.dtype)) return tensor;
    return refuse(
      'gradient',
      `only floats have gradients, got ${tensor}${path === '' ? '' : ` as "${path}"`}`,
    );
  });
  const cotangents = accumulate(loss, new Set(targets));
  return mapTree<T, Tensor, Tensor>(
    withRespectTo,
    (tensor) => cotangents.get(tensor) ?? filled(tensor.shape, 0, tensor.dtype),
  );
}

/** Walks from the loss back to the targets; a tensor's cotangent is complete when its turn comes. */
function accumulate(loss: Tensor, targets: ReadonlySet<Tensor>): Map<Tensor, Tensor> {
  const order = topologicalOrder([loss]);
  const relevant = dependents(order, targets);
  const cotangents = new Map<Tensor, Tensor>([[loss, filled([], 1, loss.dtype)]]);
  const recomputation = new Recomputation();
  for (const tensor of order.reverse()) {
    const cotangent = cotangents.get(tensor);
    if (cotangent === undefined || !relevant.has(tensor)) continue;
    const contributions = applyRule(cotangent, recomputation.of(tensor, cotangent));
    tensor.inputs.forEach((input, index) => {
      const contribution = contributions[index];
      if (contribution === undefined || !relevant.has(input)) return;
      if (tensor.region !== undefined && !isWithin(input.region, tensor.region))
        recomputation.left(contribution);
      const known = cotangents.get(input);
      cotangents.set(input, known === undefined ? contribution : add(known, contribution));
    });
  }
  return cotangents;
}

/** The tensors through which a target can reach the loss. */
function dependents(order: readonly Tensor[], targets: ReadonlySet<Tensor>): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const tensor of order) {
    if (targets.has(tensor) || tensor.inputs.some((input) => found.has(input))) found.add(tensor);
  }
  return found;
}

function applyRule<P extends Primitive>(
  cotangent: Tensor,
  tensor: Tensor<P>,
): readonly (Tensor | undefined)[] {
  const rule: GradientRule<P> = gradientRules[tensor.primitive];
  return scopedAs(tensor.scope, () => rule(cotangent, tensor));
}

/**
 * Copies of the tensors that `recompute` marked. What a marked part reads from outside passes through `after`
 * the first cotangent that reaches the part, so that the copy is a computation of its own, and a late one: it
 * also waits for what came out of the part before it, so that the memory of one part serves the next. A part inside
 * a part reads the copies of the outer one.
 */
class Recomputation {
  private readonly parts = new Map<Region, Part>();
  private exits: Tensor[] = [];

  /** The tensor itself, or its copy if it is marked. */
  of(tensor: Tensor, cotangent: Tensor): Tensor {
    this.open(tensor.region, tensor, cotangent);
    return this.seenFrom(tensor.region, tensor);
  }

  /** Begins the parts that a tensor belongs to, the outermost first. */
  private open(region: Region | undefined, tensor: Tensor, cotangent: Tensor): void {
    if (region === undefined || this.parts.has(region)) return;
    this.open(region.outer, tensor, cotangent);
    const delay = delayBehind(this.trigger(cotangent), tensor, region);
    this.parts.set(region, { delay, copies: new Map() });
  }

  /** A tensor as the recomputation of a part reads it: copied if it belongs to the part, else delayed. */
  private seenFrom(region: Region | undefined, tensor: Tensor): Tensor {
    if (region === undefined) return tensor;
    const { delay, copies } = this.parts.get(region)!;
    const isOutside = (other: Tensor) => !isWithin(other.region, region);
    for (const inner of topologicalOrder([tensor], (inner) => isOutside(inner) || copies.has(inner))) {
      if (copies.has(inner)) continue;
      copies.set(inner, isOutside(inner) ? delay(this.seenFrom(region.outer, inner)) : copy(inner, copies));
    }
    return copies.get(tensor)!;
  }

  /** Notes a cotangent that leaves a marked part. */
  left(cotangent: Tensor): void {
    this.exits.push(cotangent);
  }

  /** One element that is known when the cotangent and all that left earlier parts are. */
  private trigger(cotangent: Tensor): Tensor {
    const exits = this.exits.filter(({ shape }) => sizeOf(shape) > 0);
    this.exits = [];
    if (exits.length === 0 || sizeOf(cotangent.shape) === 0) return cotangent;
    const first = slice(reshape(cotangent, [sizeOf(cotangent.shape)]), { axis: 0, end: 1 });
    return exits.reduce((trigger, exit) => after(trigger, exit), first);
  }
}

interface Part {
  readonly delay: (outside: Tensor) => Tensor;
  readonly copies: Map<Tensor, Tensor>;
}

/**
 * Parameters are not delayed where something else is: delaying costs a pass over the values, and what is
 * computed from parameters alone may as well be shared with the forward pass.
 */
function delayBehind(trigger: Tensor, result: Tensor, region: Region): (outside: Tensor) => Tensor {
  const isOutside = (tensor: Tensor) => !isWithin(tensor.region, region);
  const outside = topologicalOrder([result], isOutside).filter(isOutside);
  const computed = outside.some(({ primitive }) => primitive !== 'input' && primitive !== 'constant');
  return (tensor) => {
    if (tensor.primitive === 'constant' || (computed && tensor.primitive === 'input')) return tensor;
    return after(tensor, trigger);
  };
}

function copy<P extends Primitive>(
  { primitive, inputs, attributes, dtype, shape, scope }: Tensor<P>,
  copies: ReadonlyMap<Tensor, Tensor>,
): Tensor<P> {
  const operands = inputs.map((input) => copies.get(input)!);
  return new Tensor(primitive, operands, attributes, dtype, shape, scope, undefined);
}
