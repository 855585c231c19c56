import { castArray } from '../arrays/index.ts';
import { cast, constant } from './operations.ts';
import type { Primitive } from './primitive.ts';
import { Tensor } from './tensor.ts';
import { topologicalOrder } from './topological-order.ts';
import type { Graph } from './trace.ts';

/**
 * What a primitive does under float16 compute: `half` converts its float32 operands and computes in float16
 * (the products, where the time goes), `full` computes in float32 (what sums much or leaves float16's range),
 * `follow` computes in float16 if one of its operands is float16 already (Micikevicius et al. 2017,
 * arXiv 1710.03740), `agree` if all of them are: what is only put side by side loses nothing.
 */
type Policy = 'half' | 'full' | 'follow' | 'agree';

const policies: { readonly [P in Primitive]: Policy } = {
  input: 'full',
  constant: 'full',
  negate: 'follow',
  absolute: 'follow',
  sign: 'follow',
  exp: 'full',
  log: 'full',
  sqrt: 'full',
  reciprocal: 'full',
  sin: 'full',
  cos: 'full',
  tanh: 'follow',
  sigmoid: 'follow',
  erf: 'follow',
  floor: 'full',
  cast: 'full',
  add: 'follow',
  subtract: 'follow',
  multiply: 'follow',
  divide: 'full',
  power: 'full',
  maximum: 'follow',
  minimum: 'follow',
  equal: 'full',
  greater: 'full',
  select: 'follow',
  sum: 'full',
  max: 'follow',
  argMax: 'follow',
  reshape: 'follow',
  transpose: 'follow',
  broadcast: 'follow',
  concatenate: 'agree',
  slice: 'follow',
  pad: 'follow',
  gather: 'follow',
  scatterAdd: 'full',
  matmul: 'half',
  convolution: 'half',
  transposedConvolution: 'half',
  softmax: 'full',
  maxPool: 'follow',
  stopGradient: 'follow',
  after: 'follow',
};

/**
 * The same graph with its products in float16. Inputs and outputs keep their dtypes: weights stay float32
 * masters and are converted where they are used, gradients come out in float32.
 */
export function inHalfPrecision(graph: Graph): Graph {
  const converted = new Map<Tensor, Tensor>();
  for (const tensor of topologicalOrder(graph.outputs.map(([, output]) => output))) {
    converted.set(tensor, convert(tensor, converted));
  }
  return {
    inputs: graph.inputs,
    outputs: graph.outputs.map(([path, output]) => [path, cast(converted.get(output)!, output.dtype)]),
  };
}

function convert<P extends Primitive>(tensor: Tensor<P>, converted: ReadonlyMap<Tensor, Tensor>): Tensor {
  const { primitive, attributes, shape, scope, region } = tensor;
  if (tensor.inputs.length === 0) return tensor;
  const operands = tensor.inputs.map((input) => converted.get(input)!);
  const policy = policies[primitive];
  const isHalf = ({ dtype }: Tensor) => dtype === 'float16';
  const half =
    policy === 'half' ||
    (policy === 'follow' && operands.some(isHalf)) ||
    (policy === 'agree' && operands.every(isHalf));
  const inputs = operands.map((operand, index) =>
    tensor.inputs[index]!.dtype === 'float32' ? convertFloat(operand, half ? 'float16' : 'float32') : operand,
  );
  const dtype = half && tensor.dtype === 'float32' ? 'float16' : tensor.dtype;
  return new Tensor(primitive, inputs, attributes, dtype, shape, scope, region);
}

/** Constants are converted now; a copy in the graph would be converted at every run. */
function convertFloat(operand: Tensor, dtype: 'float16' | 'float32'): Tensor {
  if (operand.primitive !== 'constant') return cast(operand, dtype);
  return constant(castArray((operand as Tensor<'constant'>).attributes.value, dtype));
}
