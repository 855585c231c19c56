import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { full, type NdArray, ndArray, normal, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  add,
  cast,
  constant,
  exp,
  type Graph,
  input,
  linear,
  matmul,
  multiply,
  reshape,
  scope,
  spec,
  sum,
  type Tensor,
  trace,
} from '../../../src/engine/graph/index.ts';
import { emit } from '../../../src/engine/onnx/index.ts';

/** A reader of its own: the parts of onnx.proto that these tests look at. */
const { root } = protobuf.parse(`
  syntax = "proto2";
  message Opset { optional string domain = 1; optional int64 version = 2; }
  message Entry { optional string key = 1; optional string value = 2; }
  message Tensor {
    repeated int64 dims = 1; optional int32 dataType = 2; optional string name = 8; optional bytes rawData = 9;
    repeated Entry externalData = 13; optional int32 dataLocation = 14;
  }
  message Dimension { optional int64 dimValue = 1; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { optional int32 elemType = 1; optional Shape shape = 2; }
  message Type { optional TensorType tensorType = 1; }
  message Value { optional string name = 1; optional Type type = 2; }
  message Node {
    repeated string input = 1; repeated string output = 2; optional string name = 3; optional string opType = 4;
  }
  message Graph {
    repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5; repeated Value input = 11;
    repeated Value output = 12;
  }
  message Model { optional int64 irVersion = 1; optional Graph graph = 7; repeated Opset opsetImport = 8; }
`);

interface ParsedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
}

interface ParsedValue {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape?: { readonly dim?: readonly { readonly dimValue: number }[] };
    };
  };
}

interface ParsedGraph {
  readonly node: readonly {
    readonly name: string;
    readonly opType: string;
    readonly output: readonly string[];
  }[];
  readonly initializer?: readonly ParsedTensor[];
  readonly input: readonly ParsedValue[];
  readonly output: readonly ParsedValue[];
}

function parse(model: Uint8Array): ParsedGraph {
  const type = root.lookupType('Model');
  const { graph } = type.toObject(type.decode(model), { longs: Number }) as { readonly graph: ParsedGraph };
  return graph;
}

const header = ({ name, type: { tensorType } }: ParsedValue) => [
  name,
  tensorType.elemType,
  (tensorType.shape?.dim ?? []).map(({ dimValue }) => dimValue),
];

const single = (build: (x: Tensor) => Tensor): Graph => trace(build, spec([2, 3]));

describe('an emitted model', () => {
  it('declares its inputs and outputs with names, types and shapes', () => {
    const specs = { x: spec([2, 3]), tokens: spec([0, 4], 'int64'), on: spec([], 'bool') };
    const graph = trace(({ x, on }) => ({ y: cast(x, 'float16'), same: on, total: sum(x) }), specs);
    const { input, output } = parse(emit(graph).model);
    expect(input.map(header)).toEqual([
      ['input:x', 1, [2, 3]],
      ['input:tokens', 7, [0, 4]],
      ['input:on', 9, []],
    ]);
    expect(output.map(header)).toEqual([
      ['output:same', 9, []],
      ['output:total', 1, []],
      ['output:y', 10, [2, 3]],
    ]);
  });

  it('writes outputs by when they are ready, the last first: ONNX Runtime begins with the last', () => {
    const graph = trace(
      (x) => {
        const parts = [exp(x), exp(exp(x))];
        return { twice: parts.map((part) => multiply(part, 2)), more: parts.map((part) => add(part, 1)) };
      },
      spec([2, 3]),
    );
    const { node } = parse(emit(graph).model);
    const written = node.flatMap(({ output }) => output).filter((name) => name.startsWith('output:'));
    expect(written).toEqual(['output:twice.1', 'output:more.1', 'output:twice.0', 'output:more.0']);
  });

  it('gives every node and every value a name of its own, nodes with their scope', () => {
    const graph = single((x) => scope('unet', () => scope(3, () => linear(exp(x), { weight: x }))));
    const { node } = parse(emit(graph).model);
    const outputs = node.flatMap(({ output }) => output);
    expect(new Set(outputs).size).toBe(outputs.length);
    expect(new Set(node.map(({ name }) => name)).size).toBe(node.length);
    expect(node.filter(({ opType }) => opType === 'Exp')[0]!.name).toMatch(/^unet\.3\//);
  });

  it.each<['contrib' | 'standard', string[]]>([
    ['contrib', ['FusedMatMul']],
    ['standard', ['Transpose', 'MatMul']],
  ])('in the %s dialect multiplies transposed stacks by %j', (dialect, expected) => {
    const graph = trace((x: Tensor) => matmul(x, x, { transposeB: true }), spec([2, 3, 4]));
    const { node } = parse(emit(graph, { dialect }).model);
    expect(node.map(({ opType }) => opType)).toEqual(expected);
  });

  it('refuses an input that belongs to another graph', () => {
    const stranger = input('stranger', spec([2, 3]));
    expect(() => emit(single((x) => add(x, stranger)))).toThrow(
      new Error('emit: the input "stranger" is not among the graph\'s inputs'),
    );
  });
});

describe('constants', () => {
  const weights = normal(randomKey(1), [300]); // 1,200 bytes
  const more = normal(randomKey(2), [2, 2000]); // 16,000 bytes
  const graph = trace(
    (x: Tensor) =>
      multiply(add(reshape(sum(x), [1]), constant(weights)), sum(multiply(constant(more), sum(x)))),
    spec([2]),
  );

  it('that are small are written into the model, once each', () => {
    const small = single((x) =>
      add(multiply(x, constant(full([3], 0.5))), exp(add(x, constant(full([3], 0.5))))),
    );
    const { initializer } = parse(emit(small).model);
    expect(initializer).toHaveLength(1);
    expect(new Float32Array(Uint8Array.from(initializer![0]!.rawData!).buffer)).toEqual(full([3], 0.5).data);
  });

  it('that are large lie in the file beside it, each at a multiple of 4,096 bytes', () => {
    const { model, external, externalFile } = emit(graph, { externalFile: 'frozen.bin' });
    expect(externalFile).toBe('frozen.bin');
    expect(external.map(({ offset, value }) => [offset, value.data.byteLength])).toEqual([
      [0, 1200],
      [4096, 16_000],
    ]);
    const outside = parse(model).initializer!.filter(({ externalData }) => externalData !== undefined);
    expect(outside.map(({ externalData }) => externalData!.map(({ value }) => value))).toEqual([
      ['frozen.bin', '0', '1200'],
      ['frozen.bin', '4096', '16000'],
    ]);
  });

  it('keep their bits: −0, NaN and the smallest subnormal', () => {
    const odd = ndArray('float32', [3], Float32Array.of(-0, Number.NaN, 2 ** -149));
    const { initializer } = parse(emit(single((x) => add(x, constant(odd)))).model);
    expect([...Uint8Array.from(initializer![0]!.rawData!)]).toEqual([...new Uint8Array(odd.data.buffer)]);
  });
});

describe('the hash', () => {
  const large = normal(randomKey(1), [5000]);
  const scaled = (value: NdArray) => trace((x: Tensor) => multiply(x, constant(value)), spec([]));
  const hashOf = (graph: Graph) => emit(graph).hash;

  it.each<[string, Graph, Graph]>([
    ['two traces of one function', single(exp), single(exp)],
    ['constants of the same numbers', scaled(full([2], 3)), scaled(full([2], 3))],
    ['one large constant', scaled(large), scaled(large)],
  ])('is equal for %s', (_, a, b) => {
    expect(hashOf(a)).toBe(hashOf(b));
  });

  it.each<[string, Graph, Graph]>([
    ['other operations', single(exp), single((x) => multiply(x, x))],
    ['other shapes', trace(exp, spec([2])), trace(exp, spec([3]))],
    ['other dtypes', trace(exp, spec([2])), trace(exp, spec([2], 'float16'))],
    ['other small constants', scaled(full([2], 3)), scaled(full([2], 4))],
    ['other large constants', scaled(large), scaled(normal(randomKey(2), [5000]))],
    [
      'other parts of one buffer',
      scaled(ndArray('float32', [2000], large.data.subarray(0, 2000))),
      scaled(ndArray('float32', [2000], large.data.subarray(2000, 4000))),
    ],
  ])('differs for %s', (_, a, b) => {
    expect(hashOf(a)).not.toBe(hashOf(b));
  });

  it('differs between the dialects where they emit different nodes', () => {
    const graph = trace((x: Tensor) => matmul(x, x, { transposeB: true }), spec([2, 3, 4]));
    expect(emit(graph, { dialect: 'standard' }).hash).not.toBe(emit(graph, { dialect: 'contrib' }).hash);
  });
});
