import {
  type Entry,
  flatten,
  formatShape,
  type MapTree,
  mapTree,
  type NdArray,
  type Tree,
} from '../arrays/index.ts';
import type { Tensor, TensorSpec } from '../graph/index.ts';
import { type DescribedProgram, inner, removeConstants } from './describe-program.ts';
import type { Device } from './device.ts';
import { Owner } from './owner.ts';
import type { State } from './state.ts';
import type { Value, ValueHeader } from './worker-messages.ts';

/** What a step computes: results for the caller, and the next values of the state or of some of its leaves. */
export interface StepResult<Outputs extends Tree<Tensor> = Tree<Tensor>> {
  readonly outputs: Outputs;
  readonly state: Tree<Tensor>;
}

/** The arrays that stand for a tree of specs or tensors. */
export type ArraysOf<T> = MapTree<T, TensorSpec | Tensor, NdArray>;

export interface RunOptions {
  /** Cancels a run that has not begun. */
  readonly signal?: AbortSignal;
}

/** A compiled function of trees of arrays. Made by `Device.compile`. */
export class Program<Inputs, Outputs> {
  private constructor(private readonly loaded: LoadedProgram) {}

  static async load<Inputs, Outputs>(
    device: Device,
    described: DescribedProgram,
  ): Promise<Program<Inputs, Outputs>> {
    return new Program<Inputs, Outputs>(await LoadedProgram.load(device, described));
  }

  /**
   * @param inputs arrays of the shapes and dtypes that the program was compiled for; they are copied
   * @throws a sentence if a leaf is missing, unknown or of another shape or dtype
   */
  async run(inputs: Inputs, options: RunOptions = {}): Promise<Outputs> {
    return (await this.loaded.run(inputs as Tree<NdArray>, undefined, options)) as Outputs;
  }

  /** Frees the native session. Later runs are refused. */
  async dispose(): Promise<void> {
    await this.loaded.dispose();
  }
}

/** A compiled function that reads a state on the device and replaces leaves of it. Made by `Device.compileStep`. */
export class StepProgram<Inputs, Outputs> {
  private constructor(private readonly loaded: LoadedProgram) {}

  static async load<Inputs, Outputs>(
    device: Device,
    described: DescribedProgram,
  ): Promise<StepProgram<Inputs, Outputs>> {
    return new StepProgram<Inputs, Outputs>(await LoadedProgram.load(device, described));
  }

  /** @param state on the same device, with at least the leaves that the program was compiled for */
  async run(inputs: Inputs, state: State, options: RunOptions = {}): Promise<Outputs> {
    return (await this.loaded.run(inputs as Tree<NdArray>, state, options)) as Outputs;
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
    private readonly described: DescribedProgram,
  ) {}

  static async load(device: Device, described: DescribedProgram): Promise<LoadedProgram> {
    await using owner = new Owner();
    const loaded = owner.use(new LoadedProgram(device, device.nextNumber(), described));
    await device.request({ kind: 'compile', program: loaded.number, description: described.description });
    owner.move();
    return loaded;
  }

  async run(inputs: Tree<NdArray>, state: State | undefined, { signal }: RunOptions): Promise<Tree<NdArray>> {
    if (this.disposed) throw new Error('run: the program was disposed; compile it again');
    const entries = flatten<NdArray>(inputs).map(([path, array]) => [prefixed(path), array] as const);
    const { inputs: expected, stateInputs } = this.described.description;
    const fromState = new Set(stateInputs.map(([input]) => input));
    checkFeeds(
      expected.filter(({ path }) => !fromState.has(path)),
      entries,
    );
    const statePaths = stateInputs.map(([, path]) => path);
    state?.check(this.device, statePaths, expected);
    const request = { kind: 'run', program: this.number, feeds: [], state: state?.number } as const;
    const values = await this.device.request(request, entries, { ...(signal && { signal }) });
    const byPath = new Map(values.map((value) => [inner(value.path), arrayOf(value)]));
    return mapTree<Tree<Tensor>, Tensor, NdArray>(this.described.outputs, (_, path) => byPath.get(path)!);
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.device.request({ kind: 'forget', program: this.number });
    const { weightsFolder } = this.described.description;
    if (weightsFolder !== undefined) removeConstants(weightsFolder);
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
