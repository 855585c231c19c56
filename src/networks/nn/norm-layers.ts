import { type Affine, cast, groupNorm, layerNorm, type Tensor } from '../../engine/index.ts';
import { type ParameterSpec, parameterSpec } from './parameter-spec.ts';
import { enter, type Parameters, parameter } from './parameters.ts';

export interface GroupNormOptions {
  readonly groups: number;
  readonly epsilon: number;
}

/** Normalizes groups of channels. x: [batch, channels, ...]; `weight` and `bias`: [channels]. */
export const groupNormLayer = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { groups, epsilon }: GroupNormOptions,
): Tensor => enter(parameters, name, (layer) => groupNorm(x, groups, affine(layer, x, x.shape[1]!), epsilon));

/** Normalizes the last axis. x: [..., size]; `weight` and `bias`: [size]. Epsilon: 1e-5, as torch.nn.LayerNorm. */
export const layerNormLayer = (parameters: Parameters, name: string, x: Tensor, epsilon = 1e-5): Tensor =>
  enter(parameters, name, (layer) => layerNorm(x, affine(layer, x, x.shape.at(-1)!), epsilon));

/** Scale 1 and shift 0. */
export const normSpecs = (
  size: number,
): { readonly weight: ParameterSpec; readonly bias: ParameterSpec } => ({
  weight: parameterSpec([size], { kind: 'constant', value: 1 }),
  bias: parameterSpec([size], { kind: 'constant', value: 0 }),
});

const affine = (layer: Parameters, x: Tensor, size: number): Affine => ({
  weight: cast(parameter(layer, 'weight', [size]), x.dtype),
  bias: cast(parameter(layer, 'bias', [size]), x.dtype),
});
