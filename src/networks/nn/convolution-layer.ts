import { add, type ConvolutionOptions, cast, convolution, reshape, type Tensor } from '../../engine/index.ts';
import type { Bias, LayerSpecs } from './linear-layer.ts';
import { parameterSpec } from './parameter-spec.ts';
import { enter, optionalParameter, type Parameters, parameter } from './parameters.ts';

/**
 * Two-dimensional convolution. x: [batch, in, height, width] → [batch, out, rows, columns];
 * `weight`: [out, in / groups, kernel, kernel], `bias`: [out] where the tree has one.
 */
export const convolutionLayer = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  options: ConvolutionOptions = {},
): Tensor =>
  enter(parameters, name, (layer) => {
    const weight = cast(parameter(layer, 'weight', [-1, -1, -1, -1]), x.dtype);
    const product = convolution(x, weight, options);
    const bias = optionalParameter(layer, 'bias');
    return bias === undefined ? product : add(product, reshape(cast(bias, x.dtype), [1, -1, 1, 1]));
  });

/** Initialised as torch.nn.Conv2d: uniform within 1 / √(in · kernel²). */
export function convolutionSpecs(
  inputs: number,
  outputs: number,
  kernel: number,
  bias: Bias = 'bias',
): LayerSpecs {
  const initialization = { kind: 'uniform', bound: (inputs * kernel * kernel) ** -0.5 } as const;
  const weight = parameterSpec([outputs, inputs, kernel, kernel], initialization);
  return bias === 'no bias' ? { weight } : { weight, bias: parameterSpec([outputs], initialization) };
}
