import { type DType, formatShape, type Shape } from '../arrays/index.ts';
import type { Attributes, Primitive } from './primitive.ts';
import { ShapeError } from './shape-error.ts';
import { type ShapeRule, shapeRules } from './shape-rules.ts';

/**
 * A symbolic value: one node of a graph that grows as functions are called. It has a static dtype and shape
 * and no data. Immutable; made by `createTensor`, which the operations call.
 */
export class Tensor<P extends Primitive = Primitive> {
  constructor(
    readonly primitive: P,
    readonly inputs: readonly Tensor[],
    readonly attributes: Attributes[P],
    readonly dtype: DType,
    readonly shape: Shape,
    /** Where in the model it was made: `unet.down_blocks.0.attentions.0`. */
    readonly scope: string,
    /** The innermost recomputed part that it belongs to (`recompute`), if any. */
    readonly region: Region | undefined,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `${this.dtype}${formatShape(this.shape)}`;
  }
}

/** A part of a graph that is to be recomputed. It may lie inside another one. */
export interface Region {
  readonly outer: Region | undefined;
}

/** Whether a region is another one or lies inside it. */
export function isWithin(region: Region | undefined, other: Region): boolean {
  for (let each = region; each !== undefined; each = each.outer) if (each === other) return true;
  return false;
}

/** dtype and shape of a value, before it exists. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

export const spec = (shape: Shape, dtype: DType = 'float32'): TensorSpec => ({ dtype, shape });

/** Applies a primitive. @throws a sentence that ends with the scope if the operands do not fit. */
export function createTensor<P extends Primitive>(
  primitive: P,
  inputs: readonly Tensor[],
  attributes: Attributes[P],
): Tensor<P> {
  const rule: ShapeRule<P> = shapeRules[primitive];
  try {
    const { dtype, shape } = rule(inputs, attributes);
    return new Tensor(primitive, inputs, attributes, dtype, shape, currentScope, currentRegion);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return refuse(primitive, error.message, { cause: error });
  }
}

/** @throws ShapeError: the operation, the sentence, and where in the model it happened */
export function refuse(operation: string, message: string, options?: ErrorOptions): never {
  const place = currentScope === '' ? '' : ` (at ${currentScope})`;
  throw new ShapeError(`${operation}: ${message}${place}`, options);
}

let currentScope = '';
let currentRegion: Region | undefined;

/** Runs `build` with its tensors labelled by a further part of the path. */
export const scope = <T>(name: string | number, build: () => T): T =>
  scopedAs(currentScope === '' ? `${name}` : `${currentScope}.${name}`, build);

/** Runs `build` with its tensors labelled by this path, wherever it is called. */
export function scopedAs<T>(path: string, build: () => T): T {
  const outer = currentScope;
  currentScope = path;
  try {
    return build();
  } finally {
    currentScope = outer;
  }
}

/**
 * Marks what `build` makes for recomputation: a gradient computes these tensors again in its backward pass
 * instead of keeping them from the forward pass (Chen et al. 2016, arXiv 1604.06174). Inside a marked part a further
 * mark does the same to the part's own recomputation: what it marks is computed a third time.
 */
export function recompute<T>(build: () => T): T {
  const outer = currentRegion;
  currentRegion = { outer };
  try {
    return build();
  } finally {
    currentRegion = outer;
  }
}
