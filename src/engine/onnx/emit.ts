import { createHash } from 'node:crypto';
import { sizeOf } from '../arrays/index.ts';
import { type Graph, type Primitive, type Tensor, topologicalOrder } from '../graph/index.ts';
import { dataTypes } from './data-types.ts';
import { type EmissionRule, emissions } from './emissions.ts';
import { type Dialect, type ExternalConstant, NodeBuilder } from './node-builder.ts';
import { encodeModel, type NodeMessage, type ValueMessage } from './onnx-messages.ts';

/** An ONNX model, with its large constants kept apart: a protocol buffer ends at 2 GB. */
export interface EmittedModel {
  /** The model file. Inputs and outputs are named `input:PATH` and `output:PATH`. */
  readonly model: Uint8Array;
  /** Constants that belong into `externalFile` at their offsets; empty if there are none. */
  readonly external: readonly ExternalConstant[];
  /** Where the model expects them, relative to its own folder. */
  readonly externalFile: string;
  /** SHA-256 of the model and its constants' identity: equal models have equal hashes. */
  readonly hash: string;
}

export interface Emission {
  readonly dialect?: Dialect;
  readonly externalFile?: string;
}

/** IR and operator-set versions that ONNX Runtime 1.20 and later read. */
const irVersion = 10;
const opsetVersion = 21;

/** Writes a graph as an ONNX model, which declares its outputs by size, the smallest first (see `runIntoBuffers`). */
export function emit(
  graph: Graph,
  { dialect = 'contrib', externalFile = 'weights.bin' }: Emission = {},
): EmittedModel {
  const build = new NodeBuilder(dialect, externalFile);
  const names = new Map<Tensor, string>();
  for (const [path, tensor] of graph.inputs) names.set(tensor, `input:${path}`);
  for (const tensor of topologicalOrder(lastReadyFirst(graph.outputs.map(([, output]) => output)))) {
    if (!names.has(tensor)) names.set(tensor, emitOne(tensor, names, build));
  }
  const nodes = nameOutputs(graph, names, build);
  const smallestFirst = [...graph.outputs].sort(([, a], [, b]) => sizeOf(a.shape) - sizeOf(b.shape));
  const model = encodeModel({
    irVersion,
    producerName: 'dreamsteerer',
    opsetImport: [
      { domain: '', version: opsetVersion },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'graph',
      node: nodes,
      initializer: build.initializers,
      input: graph.inputs.map(([path, tensor]) => valueMessage(`input:${path}`, tensor)),
      output: smallestFirst.map(([path, tensor]) => valueMessage(`output:${path}`, tensor)),
    },
  });
  return { model, external: build.external, externalFile, hash: hashOf(model, build.external) };
}

/**
 * Outputs by when their operands are there, the last first. ONNX Runtime searches back from the last node that nobody
 * reads, then from the one before it: so it computes each output as soon as it can. What shares values, such as a
 * variable's next value and its moments, is computed in a row, and the values go; with the variables first and all
 * moments after them, an update of AdamW would hold them for all variables at once.
 */
function lastReadyFirst(outputs: readonly Tensor[]): readonly Tensor[] {
  const isComputed = ({ primitive }: Tensor) => primitive !== 'input' && primitive !== 'constant';
  const computed = topologicalOrder(outputs).filter(isComputed);
  const places = new Map(computed.map((tensor, place) => [tensor, place]));
  const ready = ({ inputs }: Tensor) =>
    inputs.reduce((last, input) => Math.max(last, places.get(input) ?? 0), 0);
  return [...outputs].sort((a, b) => ready(b) - ready(a));
}

/**
 * Lets the nodes that compute outputs write them directly. One name can be one output only, and an input or a
 * constant is none: those are copied.
 */
function nameOutputs(
  graph: Graph,
  names: ReadonlyMap<Tensor, string>,
  build: NodeBuilder,
): readonly NodeMessage[] {
  const computed = new Set(build.nodes.flatMap(({ output }) => output));
  const renamed = new Map<string, string>();
  const copies: NodeMessage[] = [];
  for (const [path, tensor] of graph.outputs) {
    const name = names.get(tensor)!;
    const output = `output:${path}`;
    if (computed.has(name) && !renamed.has(name)) renamed.set(name, output);
    else {
      const input = [renamed.get(name) ?? name];
      copies.push({ name: output, opType: 'Identity', domain: '', input, output: [output], attribute: [] });
    }
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  const nodes = build.nodes.map((node) => ({
    ...node,
    input: node.input.map(rename),
    output: node.output.map(rename),
  }));
  return [...nodes, ...copies];
}

function emitOne<P extends Primitive>(
  tensor: Tensor<P>,
  names: ReadonlyMap<Tensor, string>,
  build: NodeBuilder,
): string {
  build.enter(tensor.scope);
  const rule: EmissionRule<P> = emissions[tensor.primitive];
  return rule(
    tensor.inputs.map((input) => names.get(input)!),
    tensor,
    build,
  );
}

const valueMessage = (name: string, { dtype, shape }: Tensor): ValueMessage => ({
  name,
  type: {
    tensorType: { elemType: dataTypes[dtype], shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  },
});

/** Large constants count by identity, not by content: hashing gigabytes would take longer than loading them. */
function hashOf(model: Uint8Array, external: readonly ExternalConstant[]): string {
  const hash = createHash('sha256').update(model);
  for (const { value } of external) hash.update(`${identityOf(value.data.buffer)}:${value.data.byteOffset} `);
  return hash.digest('hex');
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;
function identityOf(buffer: object): number {
  if (!identities.has(buffer)) identities.set(buffer, nextIdentity++);
  return identities.get(buffer)!;
}
