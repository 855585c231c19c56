import * as ort from 'onnxruntime-node';
import { type DType, sizeOf, type TypedArray, typedArrays } from '../arrays/index.ts';
import { type ConcreteDeviceName, deviceTraits } from './devices.ts';
import { runIntoBuffers } from './run-into-buffers.ts';
import type { ProgramDescription, Request, SharedLeaf, Value, ValueHeader } from './worker-messages.ts';

/** A leaf of a state: the current value and, on the CPU, a second buffer where one is needed. */
interface Held extends ValueHeader {
  current: ort.Tensor;
  spare?: ort.Tensor;
  /** States that have this leaf; the last one to go frees it. */
  owners: number;
}

/** Owns the native sessions and states of one device. Lives on a worker thread: a run blocks its thread. */
export class SessionHost {
  private readonly programs = new Map<number, ProgramDescription>();
  /** Native sessions by model hash, least recently used first. */
  private readonly sessions = new Map<string, ort.InferenceSession>();
  private readonly states = new Map<number, Map<string, Held>>();
  /** Closed sessions whose results may still live in a device's memory, which goes with its session. */
  private readonly retired: ort.InferenceSession[] = [];
  /** A device's first session stays open: ONNX Runtime drops the device with the last one. */
  private anchor: ort.InferenceSession | undefined;

  constructor(private readonly maximumSessions: number) {}

  async answer(request: Request): Promise<readonly Value[]> {
    switch (request.kind) {
      case 'compile':
        this.programs.set(request.program, request.description);
        await this.session(request.description);
        return [];
      case 'run':
        return this.run(request);
      case 'forget':
        await this.forget(request.program);
        return [];
      case 'put':
        this.put(request.state, request.values);
        return [];
      case 'combine':
        this.combine(request.state, request.leaves);
        return [];
      case 'read':
        return request.paths.map((path) => copyOut(this.states.get(request.state)!.get(path)!, path));
      case 'release':
        for (const leaf of this.states.get(request.state)?.values() ?? []) release(leaf);
        this.states.delete(request.state);
        await this.releaseRetired();
        return [];
    }
  }

  private async run({ program, feeds, state }: Extract<Request, { kind: 'run' }>): Promise<readonly Value[]> {
    const description = this.programs.get(program)!;
    const session = await this.session(description);
    const leaves = state === undefined ? new Map<string, Held>() : this.states.get(state)!;
    const inputs: Record<string, ort.Tensor> = {};
    for (const feed of feeds) inputs[`input:${feed.path}`] = tensorOf(feed, feed.data);
    for (const [input, path] of description.stateInputs) inputs[`input:${input}`] = leaves.get(path)!.current;

    const results = await computed(session, description, inputs, leaves);
    const values: Value[] = [];
    for (const output of description.outputs) {
      const tensor = results[`output:${output.path}`]!;
      if (output.target.kind === 'result') values.push(resultOf(output, tensor));
      else replace(leaves.get(output.target.statePath)!, tensor);
    }
    return values;
  }

  /** Adds leaves to a state, which begins to exist with its first ones. */
  private put(state: number, values: readonly Value[]): void {
    const leaves = this.states.get(state) ?? new Map<string, Held>();
    for (const value of values) leaves.set(value.path, held(value));
    this.states.set(state, leaves);
  }

  /** Makes a state of leaves that other states have: what one state's step writes, the other reads. */
  private combine(state: number, shared: readonly SharedLeaf[]): void {
    const leaves = new Map<string, Held>();
    for (const { path, from, fromPath } of shared) {
      const leaf = this.states.get(from)!.get(fromPath)!;
      leaf.owners++;
      leaves.set(path, leaf);
    }
    this.states.set(state, leaves);
  }

  private async session(description: ProgramDescription): Promise<ort.InferenceSession> {
    const { hash } = description;
    const known = this.sessions.get(hash);
    this.sessions.delete(hash);
    const session = known ?? (await createSession(description));
    if (deviceTraits[description.device].memory === 'device') this.anchor ??= session;
    this.sessions.set(hash, session);
    while (this.sessions.size > this.maximumSessions) {
      const [oldest] = this.sessions.keys();
      await this.closeSession(oldest!);
    }
    return session;
  }

  private async forget(program: number): Promise<void> {
    const hash = this.programs.get(program)?.hash;
    this.programs.delete(program);
    const stillUsed = [...this.programs.values()].some((other) => other.hash === hash);
    if (hash !== undefined && !stillUsed) await this.closeSession(hash);
  }

  private async closeSession(hash: string): Promise<void> {
    const session = this.sessions.get(hash);
    this.sessions.delete(hash);
    if (session === undefined || session === this.anchor) return;
    if (this.anchor === undefined) await session.release();
    else this.retired.push(session);
    await this.releaseRetired();
  }

  private async releaseRetired(): Promise<void> {
    if (this.states.size > 0) return;
    for (const session of this.retired.splice(0)) await session.release();
  }
}

/** The outputs by name. In the host's memory they are written where they belong; a device makes room for its own. */
async function computed(
  session: ort.InferenceSession,
  { device, outputs }: ProgramDescription,
  inputs: Readonly<Record<string, ort.Tensor>>,
  leaves: ReadonlyMap<string, Held>,
): Promise<Readonly<Record<string, ort.Tensor>>> {
  if (deviceTraits[device].memory === 'device') return session.run(inputs);
  const places = outputs.map((output) => [`output:${output.path}`, destination(output, leaves)] as const);
  const written = Object.fromEntries(places);
  await runIntoBuffers(session, inputs, written);
  return written;
}

function createSession(description: ProgramDescription): Promise<ort.InferenceSession> {
  const { model, device, threads, weightsFolder, prepack, memory, outputs } = description;
  const onDevice = deviceTraits[device].memory === 'device';
  const session: Record<string, string> = {};
  if (weightsFolder !== undefined) session.model_external_initializers_file_folder_path = weightsFolder;
  if (!prepack) session.disable_prepacking = '1';
  return ort.InferenceSession.create(model, {
    executionProviders: providers(device),
    logSeverityLevel: 3,
    enableCpuMemArena: memory === 'pooled',
    enableMemPattern: memory === 'pooled',
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(onDevice && { preferredOutputLocation: outputLocations(outputs) }),
    extra: { session },
  });
}

/** The CPU stands behind every other device, for operators that it lacks. */
const providers = (device: ConcreteDeviceName): string[] => (device === 'cpu' ? ['cpu'] : [device, 'cpu']);

const outputLocations = (outputs: ProgramDescription['outputs']) =>
  Object.fromEntries(
    outputs.map(
      ({ path, target }) => [`output:${path}`, target.kind === 'state' ? 'gpu-buffer' : 'cpu'] as const,
    ),
  );

const held = (value: Value): Held => ({
  path: value.path,
  dtype: value.dtype,
  shape: value.shape,
  current: tensorOf(value, value.data),
  owners: 1,
});

function release(leaf: Held): void {
  leaf.owners--;
  if (leaf.owners === 0) leaf.current.dispose();
}

/** Where the CPU writes an output: a new buffer for the caller, the state's own, or its second one. */
function destination(
  output: ProgramDescription['outputs'][number],
  leaves: ReadonlyMap<string, Held>,
): ort.Tensor {
  const { target } = output;
  if (target.kind === 'result') return emptyTensor(output);
  const leaf = leaves.get(target.statePath)!;
  if (target.overwrite === 'in place') return leaf.current;
  leaf.spare ??= emptyTensor(output);
  return leaf.spare;
}

function replace(leaf: Held, next: ort.Tensor): void {
  if (next === leaf.current) return;
  const { current } = leaf;
  leaf.current = next;
  if (next === leaf.spare) leaf.spare = current;
  else current.dispose();
}

const copyOut = ({ dtype, shape, current }: Held, path: string): Value => ({
  path,
  dtype,
  shape,
  data: (current.data as TypedArray).slice(),
});

const resultOf = ({ path, dtype, shape }: ValueHeader, tensor: ort.Tensor): Value => ({
  path,
  dtype,
  shape,
  data: tensor.data as TypedArray,
});

const emptyTensor = (header: ValueHeader): ort.Tensor =>
  tensorOf(header, new typedArrays[header.dtype](sizeOf(header.shape)));

/** The engine's dtypes are ONNX Runtime's, but for bfloat16, which it has no tensors for. */
const tensorOf = ({ dtype, shape }: ValueHeader, data: TypedArray): ort.Tensor =>
  new ort.Tensor(dtype as Exclude<DType, 'bfloat16'>, data as never, shape);
