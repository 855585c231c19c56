import { range } from '../../arrays/index.ts';
import { cast, constant, equal, reshape } from '../operations.ts';
import type { Tensor } from '../tensor.ts';

/** int indices [...] → float32 [..., classes] with a 1 at each index. */
export const oneHot = (indices: Tensor, classes: number): Tensor =>
  cast(equal(reshape(indices, [...indices.shape, 1]), constant(range(classes, indices.dtype))), 'float32');
