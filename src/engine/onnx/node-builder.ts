import { type DType, type NdArray, ndArray, type Shape, sizeOf } from '../arrays/index.ts';
import { dataTypes } from './data-types.ts';
import type { AttributeMessage, NodeMessage, TensorMessage } from './onnx-messages.ts';

/**
 * Which operators the target offers. `contrib`: ONNX Runtime's FusedMatMul for products of transposed stacks
 * (its CPU and CUDA providers have it); `standard`: nothing beyond the ONNX operators.
 */
export type Dialect = 'contrib' | 'standard';

export type NodeAttribute = number | string | readonly number[] | { readonly float: number };

/** A constant whose bytes go to the file beside the model. */
export interface ExternalConstant {
  readonly value: NdArray;
  readonly offset: number;
}

/** Constants up to this many bytes are written into the model itself. */
const largestInlineConstant = 1024;

/** External constants start at multiples of this, so that a mapped file can be used in place. */
const externalAlignment = 4096;

/** Collects the nodes and constants of a model and hands out names. */
export class NodeBuilder {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: TensorMessage[] = [];
  readonly external: ExternalConstant[] = [];
  private externalSize = 0;
  private readonly small = new Map<string, string>();
  private nextName = 0;
  private scope = '';

  constructor(
    readonly dialect: Dialect,
    /** Name of the file that holds the external constants. */
    private readonly externalFile: string,
  ) {}

  /** Nodes added from now on carry this path in their names. */
  enter(scope: string): void {
    this.scope = scope;
  }

  /** Adds a node with one output and returns the output's name. */
  node(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, NodeAttribute>> = {},
    domain = '',
  ): string {
    const output = this.newName();
    const attribute = Object.entries(attributes).map(([name, value]) => attributeMessage(name, value));
    const name = `${this.scope === '' ? '' : `${this.scope}/`}${opType}_${output}`;
    this.nodes.push({ name, opType, domain, input, output: [output], attribute });
    return output;
  }

  /** A list of integers as an operand: shapes, axes, starts. */
  integers(values: readonly number[]): string {
    return this.constant(ndArray('int64', [values.length], BigInt64Array.from(values, BigInt)));
  }

  number(value: number, dtype: 'float32' | 'float16'): string {
    const data = dtype === 'float32' ? Float32Array.of(value) : undefined;
    if (data === undefined)
      return this.node('Cast', [this.number(value, 'float32')], { to: dataTypes.float16 });
    return this.constant(ndArray('float32', [], data));
  }

  constant(value: NdArray): string {
    const bytes = new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
    const common = { dims: value.shape, dataType: dataTypes[value.dtype] };
    if (bytes.length <= largestInlineConstant) {
      const key = `${value.dtype} ${value.shape} ${Buffer.from(bytes).toString('base64')}`;
      const known = this.small.get(key);
      if (known !== undefined) return known;
      const name = this.newName();
      this.small.set(key, name);
      this.initializers.push({ ...common, name, rawData: bytes });
      return name;
    }
    const name = this.newName();
    const offset = this.externalSize;
    this.externalSize += Math.ceil(bytes.length / externalAlignment) * externalAlignment;
    this.external.push({ value, offset });
    const entries = { location: this.externalFile, offset: `${offset}`, length: `${bytes.length}` };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    this.initializers.push({ ...common, name, externalData, dataLocation: 1 });
    return name;
  }

  reshape(x: string, shape: Shape): string {
    // With zeros in the shape, ONNX would copy the input's size unless told not to.
    const attributes = sizeOf(shape) === 0 ? { allowzero: 1 } : undefined;
    return this.node('Reshape', [x, this.integers(shape)], attributes);
  }

  cast(x: string, dtype: DType): string {
    return this.node('Cast', [x], { to: dataTypes[dtype] });
  }

  private newName(): string {
    return `v${this.nextName++}`;
  }
}

function attributeMessage(name: string, value: NodeAttribute): AttributeMessage {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: 2, i: value };
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}
