import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type DType, type Entry, fromNested, type NdArray, type Tree } from '../arrays/index.ts';
import { multiply, spec, type Tensor, type TensorSpec, type TensorsOf } from '../graph/index.ts';
import { type CompileOptions, describeProgram } from './describe-program.ts';
import { type ConcreteDeviceName, checkDevice, type DeviceName, mayHaveGpu } from './devices.ts';
import { type ArraysOf, Program, StepProgram, type StepResult } from './program.ts';
import { type Source, State, type StateLeaf } from './state.ts';
import type { Request, RequestMessage, ResponseMessage, Value } from './worker-messages.ts';

export interface DeviceOptions {
  /** Native sessions kept at a time; the least recently used is closed and made again on demand. Default 32. */
  readonly maximumSessions?: number;
  /** Processor threads of programs that do not say. Default: all cores. */
  readonly threads?: number;
}

/**
 * Opens a device: starts the worker thread on which its programs run, so that the caller's event loop stays
 * free. An open device does not keep the process alive; close it to free its memory earlier.
 * @param name default `auto`
 * @throws a sentence that lists what this machine offers, if the device is not among it
 */
export async function openDevice(name: DeviceName = 'auto', options: DeviceOptions = {}): Promise<Device> {
  const { maximumSessions = 32 } = options;
  if (!(Number.isInteger(maximumSessions) && maximumSessions >= 1)) {
    throw new Error(`openDevice: maximumSessions is a whole number ≥ 1, got ${maximumSessions}`);
  }
  if (options.threads !== undefined && !(Number.isInteger(options.threads) && options.threads >= 1)) {
    throw new Error(`openDevice: threads is a whole number ≥ 1, got ${options.threads}`);
  }
  const compileDefaults = options.threads === undefined ? {} : { threads: options.threads };
  if (name !== 'auto') {
    checkDevice(name);
    return new Device(name, maximumSessions, compileDefaults);
  }
  return (
    (await openGpu(maximumSessions, compileDefaults)) ?? new Device('cpu', maximumSessions, compileDefaults)
  );
}

/** WebGPU if the installation has it and a trial program runs. */
async function openGpu(
  maximumSessions: number,
  compileDefaults: CompileOptions,
): Promise<Device | undefined> {
  if (!mayHaveGpu()) return undefined;
  const device = new Device('webgpu', maximumSessions, compileDefaults);
  try {
    const trial = await device.compile((x) => multiply(x, 2), spec([2]));
    await trial.run(fromNested([1, 2]));
    await trial.dispose();
    return device;
  } catch {
    await device.close();
    return undefined;
  }
}

interface Pending {
  readonly resolve: (values: readonly Value[]) => void;
  readonly reject: (error: Error) => void;
}

/** One device with its programs and states. Requests are answered in the order in which they are made. */
export class Device {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private closed: string | undefined;
  private turn: Promise<void> = Promise.resolve();

  /** Use `openDevice`. */
  constructor(
    readonly name: ConcreteDeviceName,
    maximumSessions: number,
    private readonly compileDefaults: CompileOptions = {},
  ) {
    this.worker = startWorker({ maximumSessions });
    this.worker.on('message', (message: ResponseMessage) => this.settle(message));
    this.worker.on('error', (error) => this.fail(`its worker failed: ${error.message}`));
    this.worker.on('exit', () => this.fail('its worker ended'));
    this.worker.unref();
  }

  /** Traces a function of a tree of tensors and makes it a program. */
  async compile<Specs extends Tree<TensorSpec>, Outputs extends Tree<Tensor>>(
    build: (inputs: TensorsOf<Specs>) => Outputs,
    specs: Specs,
    options: CompileOptions = {},
  ): Promise<Program<ArraysOf<Specs>, ArraysOf<Outputs>>> {
    const step = (inputs: TensorsOf<Specs>) => ({ outputs: build(inputs) });
    return Program.load(
      this,
      describeProgram(this.name, step, specs, {}, { ...this.compileDefaults, ...options }),
    );
  }

  /**
   * The same for a function that also reads a state and returns its next value, or a part of it; the state's
   * values stay on the device.
   */
  async compileStep<
    Specs extends Tree<TensorSpec>,
    StateSpecs extends Tree<TensorSpec>,
    Outputs extends Tree<Tensor>,
  >(
    build: (inputs: TensorsOf<Specs>, state: TensorsOf<StateSpecs>) => StepResult<Outputs>,
    specs: Specs,
    stateSpecs: StateSpecs,
    options: CompileOptions = {},
  ): Promise<StepProgram<ArraysOf<Specs>, ArraysOf<Outputs>>> {
    return StepProgram.load(
      this,
      describeProgram(this.name, build, specs, stateSpecs, { ...this.compileDefaults, ...options }),
    );
  }

  /** Copies a tree of arrays to the device, where programs read and replace its leaves. */
  async hold<T extends Tree<NdArray>>(tree: T): Promise<State<T>> {
    return State.create(this, tree);
  }

  /**
   * The same for arrays that are still on disk: each is read when its turn comes and moved to the device, so that
   * weights of gigabytes exist once. Arrays in memory are copied.
   * @param options.dtype what floats are converted to. Default: as they are
   */
  async holdLazily(tree: Tree<Source>, options: { readonly dtype?: DType } = {}): Promise<State> {
    return State.createLazily(this, tree, options.dtype);
  }

  /**
   * A state made of leaves of others, which it shares: nothing is copied, and what a step writes to a leaf all its
   * states have. A leaf is freed with the last of them.
   * @param tree leaves as `State.references` gives them, under any paths
   * @throws a sentence if one of the states was disposed or is on another device
   */
  async combine(tree: Tree<StateLeaf>): Promise<State> {
    return State.combine(this, tree);
  }

  /**
   * Hands a request to the worker when all earlier ones are answered.
   * @param entries arrays that go with it; they are copied at once, or moved and then of no more use here
   * @throws if the device is closed, the signal is aborted before its turn, or what the worker reports
   */
  request(
    request: Request,
    entries: readonly Entry<NdArray>[] = [],
    {
      signal,
      ownership = 'copy',
    }: { readonly signal?: AbortSignal; readonly ownership?: 'copy' | 'move' } = {},
  ): Promise<readonly Value[]> {
    const values = entries.map(([path, { dtype, shape, data }]) => {
      const whole = data.byteLength === data.buffer.byteLength;
      return { path, dtype, shape, data: ownership === 'move' && whole ? data : data.slice() };
    });
    const filled = entries.length === 0 ? request : withValues(request, values);
    const answer = this.turn.then(() => {
      signal?.throwIfAborted();
      return this.send(
        filled,
        values.map(({ data }) => data.buffer as ArrayBuffer),
      );
    });
    this.turn = answer.then(nothing, nothing);
    return answer;
  }

  private send(request: Request, transfer: readonly ArrayBuffer[]): Promise<readonly Value[]> {
    if (this.closed !== undefined) {
      if (request.kind === 'forget' || request.kind === 'release') return Promise.resolve([]); // with the device
      throw new Error(`The ${this.name} device cannot be used: ${this.closed}`);
    }
    const id = this.nextId++;
    const message: RequestMessage = { id, request };
    this.worker.ref();
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage(message, transfer);
    });
  }

  nextNumber(): number {
    return this.nextId++;
  }

  /**
   * Frees everything on the device. A run under way is waited for (the native library cannot be interrupted),
   * requests behind it are refused.
   */
  async close(): Promise<void> {
    this.closed ??= 'it was closed';
    await this.turn;
    await this.worker.terminate();
  }

  private settle(message: ResponseMessage): void {
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (this.pending.size === 0) this.worker.unref();
    if ('values' in message) pending?.resolve(message.values);
    else pending?.reject(new Error(`ONNX Runtime refused on ${this.name}: ${message.error}`));
  }

  private fail(reason: string): void {
    this.closed ??= reason;
    for (const { reject } of this.pending.values())
      reject(new Error(`The ${this.name} device stopped: ${reason}`));
    this.pending.clear();
  }
}

const nothing = () => {};

function withValues(request: Request, values: readonly Value[]): Request {
  if (request.kind === 'run') return { ...request, feeds: values };
  if (request.kind === 'put') return { ...request, values };
  return request;
}

/** In a source checkout the worker is TypeScript, which tsx loads. */
function startWorker(workerData: { readonly maximumSessions: number }): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./session-worker.js', import.meta.url), { workerData });
  }
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = new URL('./dist/esm/api/index.mjs', tsx).href;
  const file = new URL('./session-worker.ts', import.meta.url).href;
  const start = `import('${loader}').then(({ register }) => { register(); return import('${file}'); })`;
  return new Worker(start, { workerData, eval: true });
}
