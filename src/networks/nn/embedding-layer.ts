import { cast, gather, type Tensor } from '../../engine/index.ts';
import { type ParameterSpec, parameterSpec } from './parameter-spec.ts';
import { enter, type Parameters, parameter } from './parameters.ts';

/** Rows of a table. indices: int [...] in 0 … rows − 1 → float32 [..., size]; `weight`: [rows, size]. */
export const embeddingLayer = (parameters: Parameters, name: string, indices: Tensor): Tensor =>
  enter(parameters, name, (layer) => cast(gather(parameter(layer, 'weight', [-1, -1]), indices), 'float32'));

/** Initialised as torch.nn.Embedding: normal. Deviation: 1. */
export const embeddingSpecs = (
  rows: number,
  size: number,
  deviation = 1,
): { readonly weight: ParameterSpec } => ({
  weight: parameterSpec([rows, size], { kind: 'normal', deviation }),
});
