import {
  flatten,
  fold,
  full,
  type NdArray,
  normal,
  type RandomKey,
  type Shape,
  type TensorSpec,
  type Tree,
  unflatten,
  uniform,
} from '../../engine/index.ts';

/** What a parameter is before it exists: shape, and the distribution that training from scratch starts with. */
export interface ParameterSpec extends TensorSpec {
  readonly initialization: Initialization;
}

/**
 * As torch.nn's `reset_parameters` does it: linear layers and convolutions uniformly between −bound and bound,
 * embeddings normally around 0, norms constantly.
 */
export type Initialization =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number };

export const parameterSpec = (shape: Shape, initialization: Initialization): ParameterSpec => ({
  dtype: 'float32',
  shape,
  initialization,
});

/** Random values for a tree of specs. Each depends on the key and its own path only. */
export const initializeParameters = (key: RandomKey, specs: Tree<ParameterSpec>): Tree<NdArray> =>
  unflatten(
    flatten<ParameterSpec>(specs).map(([path, { shape, initialization }]) => [
      path,
      draw(fold(key, path), shape, initialization),
    ]),
  );

function draw(key: RandomKey, shape: Shape, initialization: Initialization): NdArray<'float32'> {
  switch (initialization.kind) {
    case 'uniform':
      return uniform(key, shape, -initialization.bound, initialization.bound);
    case 'normal': {
      const values = normal(key, shape);
      for (let i = 0; i < values.data.length; i++) values.data[i]! *= initialization.deviation;
      return values;
    }
    case 'constant':
      return full(shape, initialization.value);
  }
}
