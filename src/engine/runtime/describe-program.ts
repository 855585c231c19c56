import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesPerElement, flatten, formatShape, sizeOf, type Tree } from '../arrays/index.ts';
import { inHalfPrecision, type Tensor, type TensorSpec, type TensorsOf, trace } from '../graph/index.ts';
import { type EmittedModel, emit } from '../onnx/index.ts';
import { type ConcreteDeviceName, deviceTraits } from './devices.ts';
import { canOverwrite, consumersIn } from './overwrite.ts';
import type { OutputTarget, ProgramDescription, ValueHeader } from './worker-messages.ts';

export interface CompileOptions {
  /** float16: products in half precision, parameters and results in float32. Default float32. */
  readonly compute?: 'float32' | 'float16';
  /** Processor threads. Default: all cores. */
  readonly threads?: number;
  /**
   * Whether kernels may keep rearranged copies of the constants: faster, and twice the memory. Without, they are
   * mapped from a file and shared between programs. Default: only where they take less than 256 MiB.
   */
  readonly prepack?: boolean;
  /**
   * What happens to the memory of intermediate values. `pooled`: it is planned ahead and kept for the next run.
   * `returned`: it goes back to the system as soon as it is free, which takes less of it where a run needs
   * gigabytes. Default: returned where a program reads more than 1 GiB of weights, else pooled.
   */
  readonly memory?: 'pooled' | 'returned';
}

export interface DescribedProgram {
  readonly description: ProgramDescription;
  /** The form in which results are handed out. */
  readonly outputs: Tree<Tensor>;
}

/** Which part of the traced inputs and outputs is what. */
const [inputPart, statePart, outputPart] = ['inputs', 'state', 'outputs'] as const;

const largestPrepacked = 2 ** 28;
const largestPooled = 2 ** 30;

/** Traces, emits and describes a program for the worker. */
export function describeProgram<Specs extends Tree<TensorSpec>, StateSpecs extends Tree<TensorSpec>>(
  device: ConcreteDeviceName,
  build: (
    inputs: TensorsOf<Specs>,
    state: TensorsOf<StateSpecs>,
  ) => { readonly outputs: Tree<Tensor>; readonly state?: Tree<Tensor> },
  specs: Specs,
  stateSpecs: StateSpecs,
  { compute = 'float32', threads, prepack, memory: wanted }: CompileOptions,
): DescribedProgram {
  checkSpecs({ [inputPart]: specs, [statePart]: stateSpecs });
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new Error(`compile: threads is a whole number ≥ 1, got ${threads}`);
  }
  let tree: Tree<Tensor> = {};
  const traced = trace(
    (all: TensorsOf<{ inputs: Specs; state: StateSpecs }>) => {
      const { outputs, state } = build(all.inputs as TensorsOf<Specs>, all.state as TensorsOf<StateSpecs>);
      tree = outputs;
      return { [outputPart]: outputs, ...(state !== undefined && { [statePart]: state }) };
    },
    { [inputPart]: specs, [statePart]: stateSpecs } as { inputs: Specs; state: StateSpecs },
  );
  const graph = compute === 'float16' ? inHalfPrecision(traced) : traced;
  const emitted = emit(graph, { dialect: deviceTraits[device].dialect });
  const external = emitted.external.reduce((total, { value }) => total + value.data.byteLength, 0);
  const read = graph.inputs.reduce(
    (total, [, { dtype, shape }]) => total + sizeOf(shape) * bytesPerElement(dtype),
    external,
  );
  const memory = wanted ?? (read > largestPooled ? 'returned' : 'pooled');
  const header = ([path, { dtype, shape }]: readonly [string, Tensor]): ValueHeader => ({
    path,
    dtype,
    shape,
  });

  const outputTensors = graph.outputs.map(([, output]) => output);
  const consumers = consumersIn(outputTensors);
  const stateInputs = new Map(graph.inputs.filter(([path]) => within(path, statePart)));
  const target = ([path, next]: readonly [string, Tensor]): OutputTarget => {
    if (!within(path, statePart)) return { kind: 'result' };
    const old = stateInputs.get(path);
    const statePath = inner(path);
    if (old === undefined)
      throw new Error(`compileStep: the next state has "${statePath}", the state has no such leaf`);
    if (old.dtype !== next.dtype || formatShape(old.shape) !== formatShape(next.shape)) {
      throw new Error(`compileStep: "${statePath}" is ${old} and its next value is ${next}`);
    }
    return {
      kind: 'state',
      statePath,
      overwrite: canOverwrite(old, next, outputTensors, consumers) ? 'in place' : 'after the run',
    };
  };
  const description: ProgramDescription = {
    model: emitted.model,
    hash: `${emitted.hash} ${device} ${threads} ${memory}`,
    device,
    threads,
    weightsFolder: external === 0 ? undefined : writeConstants(emitted),
    prepack: prepack ?? external <= largestPrepacked,
    memory,
    inputs: graph.inputs.map(header),
    stateInputs: [...stateInputs.keys()].map((path) => [path, inner(path)]),
    outputs: graph.outputs.map((entry) => ({ ...header(entry), target: target(entry) })),
  };
  return { description, outputs: tree };
}

/** A path without its first part. */
export const inner = (path: string): string => path.slice(path.indexOf('.') + 1 || path.length);

const within = (path: string, part: string): boolean => path === part || path.startsWith(`${part}.`);

function checkSpecs(specs: Tree<TensorSpec>): void {
  for (const [path, { dtype, shape }] of flatten<TensorSpec>(specs)) {
    if (dtype === 'bfloat16')
      throw new Error(`compile: "${inner(path)}" is bfloat16, which is for storage only; cast it`);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new Error(
        `compile: "${inner(path)}" has the shape ${formatShape(shape)}; sizes are whole numbers ≥ 0`,
      );
    }
  }
}

/** Writes the large constants where ONNX Runtime can map them; the folder goes when the process ends. */
function writeConstants({ external, externalFile }: EmittedModel): string {
  const folder = mkdtempSync(join(tmpdir(), 'dreamsteerer-'));
  const file = openSync(join(folder, externalFile), 'w');
  try {
    for (const { value, offset } of external) {
      const bytes = new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(
          file,
          bytes,
          written,
          Math.min(bytes.length - written, 2 ** 30),
          offset + written,
        );
      }
    }
  } finally {
    closeSync(file);
  }
  folders.add(folder);
  return folder;
}

const folders = new Set<string>();
process.on('exit', () => folders.forEach(removeConstants));

export function removeConstants(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}
