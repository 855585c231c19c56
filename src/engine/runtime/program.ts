import { type Entry, flatten, formatShape, type NdArray, type Tree, unflatten } from '../arrays/index.ts';
import type { Tensor } from '../graph/index.ts';
import { inner, removeConstants } from './describe-program.ts';
import type { Device } from './device.ts';
import type { State } from './state.ts';
import type { ProgramDescription, Value, ValueHeader } from './worker-messages.ts';

/** What a step computes: results for the caller, and the next values of the state or of some of its leaves. */
export interface StepResult {
  readonly outputs: Tree<Tensor>;
  readonly state: Tree<Tensor>;
}

export interface RunOptions {
  /** Cancels a run that has not begun. */
  readonly signal?: AbortSignal;
}

/** A compiled function. */
export class Program {
  private constructor(private readonly loaded: LoadedProgram) {}

  static async load(device: Device, description: ProgramDescription): Promise<Program> {
    return new Program(await LoadedProgram.load(device, description));
  }

  /**
   * @param inputs a tree with the leaves that the program was compiled for; they are copied
   * @returns the function's outputs: a tree with the same paths, lists as objects with numbered keys
   * @throws a sentence if a leaf is missing, unknown or of another shape or dtype
   */
  async run(inputs: Tree<NdArray>, options: RunOptions = {}): Promise<Tree<NdArray>> {
    return this.loaded.run(inputs, undefined, options);
  }

  /** Frees the native session. Later runs are refused. */
  async dispose(): Promise<void> {
    await this.loaded.dispose();
  }
}

/** A compiled function that reads a state on the device and replaces leaves of it. */
export class StepProgram {
  private constructor(private readonly loaded: LoadedProgram) {}

  static async load(device: Device, description: ProgramDescription): Promise<StepProgram> {
    return new StepProgram(await LoadedProgram.load(device, description));
  }

  /** @param state on the same device, with at least the leaves that the program was compiled for */
  async run(inputs: Tree<NdArray>, state: State, options: RunOptions = {}): Promise<Tree<NdArray>> {
    return this.loaded.run(inputs, state, options);
  }

  async dispose(): Promise<void> {
    await this.loaded.dispose();
  }
}

class LoadedProgram {
  private disposed = false;

  private constructor(
    private readonly device: Device,
    private readonly number: number,
    private readonly description: ProgramDescription,
  ) {}

  static async load(device: Device, description: ProgramDescription): Promise<LoadedProgram> {
    const program = device.nextNumber();
    await device.request({ kind: 'compile', program, description });
    return new LoadedProgram(device, program, description);
  }

  async run(inputs: Tree<NdArray>, state: State | undefined, { signal }: RunOptions): Promise<Tree<NdArray>> {
    if (this.disposed) throw new Error('run: the program was disposed; compile it again');
    signal?.throwIfAborted();
    const entries = flatten<NdArray>(inputs).map(([path, array]) => [prefixed(path), array] as const);
    const { inputs: expected, stateInputs } = this.description;
    const fromState = new Set(stateInputs.map(([input]) => input));
    checkFeeds(
      expected.filter(({ path }) => !fromState.has(path)),
      entries,
    );
    state?.check(
      this.device,
      stateInputs.map(([, statePath]) => statePath),
      expected,
    );
    const values = await this.device.request(
      { kind: 'run', program: this.number, feeds: [], state: state?.number },
      entries,
    );
    return unflatten(values.map((value) => [inner(value.path), arrayOf(value)] as const));
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.device.request({ kind: 'forget', program: this.number });
    if (this.description.weightsFolder !== undefined) removeConstants(this.description.weightsFolder);
  }
}

const prefixed = (path: string) => (path === '' ? 'inputs' : `inputs.${path}`);

const arrayOf = ({ dtype, shape, data }: Value): NdArray => ({ dtype, shape, data });

/** @throws a sentence about the first input that is missing, unknown, or not as compiled */
function checkFeeds(expected: readonly ValueHeader[], fed: readonly Entry<NdArray>[]): void {
  const byPath = new Map(fed);
  for (const { path, dtype, shape } of expected) {
    const name = inner(path);
    const array = byPath.get(path);
    const wanted = `${dtype}${formatShape(shape)}`;
    if (array === undefined) throw new Error(`run: the input "${name}" (${wanted}) is missing`);
    const found = `${array.dtype}${formatShape(array.shape)}`;
    if (wanted !== found) throw new Error(`run: the input "${name}" is ${wanted}, got ${found}`);
    byPath.delete(path);
  }
  const [surplus] = byPath.keys();
  if (surplus === undefined) return;
  const names = expected.map(({ path }) => `"${inner(path)}"`).join(', ');
  throw new Error(`run: the program has no input "${inner(surplus)}"; it has ${names || 'none'}`);
}
