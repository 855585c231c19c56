import { cast, linear, type Tensor } from '../../engine/index.ts';
import { type ParameterSpec, parameterSpec } from './parameter-spec.ts';
import { enter, optionalParameter, type Parameters, parameter } from './parameters.ts';

/** x Wᵀ, + b where the tree has one. x: [..., in] → [..., out]; `weight`: [out, in], `bias`: [out]. */
export const linearLayer = (parameters: Parameters, name: string, x: Tensor): Tensor =>
  enter(parameters, name, (layer) => {
    const weight = cast(parameter(layer, 'weight', [-1, x.shape.at(-1)!]), x.dtype);
    const bias = optionalParameter(layer, 'bias');
    return linear(x, bias === undefined ? { weight } : { weight, bias: cast(bias, x.dtype) });
  });

export type Bias = 'bias' | 'no bias';

export type LayerSpecs = { readonly weight: ParameterSpec; readonly bias?: ParameterSpec };

/** Initialised as torch.nn.Linear: uniform within 1 / √in. */
export function linearSpecs(inputs: number, outputs: number, bias: Bias = 'bias'): LayerSpecs {
  const initialization = { kind: 'uniform', bound: inputs ** -0.5 } as const;
  const weight = parameterSpec([outputs, inputs], initialization);
  return bias === 'no bias' ? { weight } : { weight, bias: parameterSpec([outputs], initialization) };
}
