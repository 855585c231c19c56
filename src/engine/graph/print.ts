import { formatShape, type NdArray, sizeOf, toNumbers } from '../arrays/index.ts';
import type { Tensor } from './tensor.ts';
import { topologicalOrder } from './topological-order.ts';
import type { Graph } from './trace.ts';

/**
 * A graph as text, one line a tensor:
 * `%3 float32[2, 4] = matmul(%0, %1) {transposeB: true} @ text_model.layers.0`.
 */
export function print(graph: Graph): string {
  const order = topologicalOrder(graph.outputs.map(([, tensor]) => tensor));
  const names = new Map<Tensor, string>();
  for (const [path, tensor] of graph.inputs) names.set(tensor, `%${path === '' ? 'input' : path}`);
  const lines = graph.inputs.map(([, tensor]) => `${names.get(tensor)} ${tensor} = input`);
  let next = 0;
  for (const tensor of order) {
    if (names.has(tensor)) continue;
    names.set(tensor, `%${next++}`);
    const operands = tensor.inputs.map((operand) => names.get(operand)).join(', ');
    const place = tensor.scope === '' ? '' : ` @ ${tensor.scope}`;
    lines.push(
      `${names.get(tensor)} ${tensor} = ${tensor.primitive}(${operands})${attributes(tensor)}${place}`,
    );
  }
  const outputs = graph.outputs.map(
    ([path, tensor]) => `${path === '' ? '' : `${path}: `}${names.get(tensor)}`,
  );
  return [...lines, `return ${outputs.join(', ')}`].join('\n');
}

function attributes({ attributes }: Tensor): string {
  const parts = Object.entries(attributes).map(([name, value]) => `${name}: ${show(value)}`);
  return parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'data' in value) return showArray(value as NdArray);
  return Array.isArray(value) ? formatShape(value) : String(value);
}

const showArray = (array: NdArray) =>
  sizeOf(array.shape) <= 4
    ? `[${[...toNumbers(array)].join(', ')}]`
    : `${array.dtype}${formatShape(array.shape)}`;
