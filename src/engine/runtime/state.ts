import {
  castArray,
  type DType,
  type Entry,
  flatten,
  formatShape,
  isFloating,
  type MapTree,
  mapTree,
  type NdArray,
  type Tree,
  unflatten,
} from '../arrays/index.ts';
import { spec, type TensorSpec } from '../graph/index.ts';
import type { Device } from './device.ts';
import { deviceTraits } from './devices.ts';
import { Owner } from './owner.ts';
import type { Value, ValueHeader } from './worker-messages.ts';

/** An array that is read when it is wanted. */
export interface LazySource extends TensorSpec {
  /** A fresh array each time: it is moved to the device and of no more use here. */
  read(): Promise<NdArray>;
}

/** An array, or one that is read when it is wanted. */
export type Source = NdArray | LazySource;

/** The array itself, or a fresh one. */
export const readSource = async (source: Source): Promise<NdArray> =>
  'read' in source ? source.read() : source;

/** A leaf of a state, without its values: what states are combined of. */
export interface StateLeaf extends TensorSpec {
  readonly state: State;
  readonly path: string;
}

/**
 * A tree of arrays that lives on a device: weights, optimizer moments. Steps read and replace its leaves.
 * Made by `Device.hold`.
 */
export class State<T extends Tree<NdArray> = Tree<NdArray>> {
  private disposed = false;

  private constructor(
    private readonly device: Device,
    readonly number: number,
    private readonly form: Tree<TensorSpec>,
    private readonly specs: ReadonlyMap<string, TensorSpec>,
  ) {}

  /** Use `Device.hold`. */
  static async create<T extends Tree<NdArray>>(device: Device, tree: T): Promise<State<T>> {
    await using owner = new Owner();
    const state = owner.use(State.of<T>(device, tree, undefined));
    await device.request({ kind: 'put', state: state.number, values: [] }, flatten<NdArray>(tree));
    if (state.onDevice) await state.upload();
    owner.move();
    return state;
  }

  /** Use `Device.holdLazily`. */
  static async createLazily(device: Device, tree: Tree<Source>, dtype: DType | undefined): Promise<State> {
    await using owner = new Owner();
    const state = owner.use(State.of<Tree<NdArray>>(device, tree, dtype));
    await device.request({ kind: 'put', state: state.number, values: [] });
    for (const [path, source] of flatten<Source>(tree)) {
      const array = castArray(await readSource(source), heldAs(source, dtype));
      const entry = [path, array] as const;
      const ownership = 'read' in source ? 'move' : 'copy';
      await device.request({ kind: 'put', state: state.number, values: [] }, [entry], { ownership });
    }
    if (state.onDevice) await state.upload();
    owner.move();
    return state;
  }

  /** Use `Device.combine`. */
  static async combine(device: Device, tree: Tree<StateLeaf>): Promise<State> {
    const leaves = flatten<StateLeaf>(tree).map(([path, { state, path: fromPath }]) => {
      state.checkUsable();
      if (state.device !== device) throw new Error(`combine: "${path}" is a leaf of another device's state`);
      return { path, from: state.number, fromPath };
    });
    const state = State.of<Tree<NdArray>>(device, tree, undefined);
    await device.request({ kind: 'combine', state: state.number, leaves });
    return state;
  }

  private static of<T extends Tree<NdArray>>(
    device: Device,
    tree: Tree<TensorSpec>,
    dtype: DType | undefined,
  ): State<T> {
    const form = mapTree<Tree<TensorSpec>, TensorSpec, TensorSpec>(tree, (leaf) =>
      spec(leaf.shape, heldAs(leaf, dtype)),
    );
    return new State<T>(device, device.nextNumber(), form, new Map(flatten<TensorSpec>(form)));
  }

  /** Paths, shapes and dtypes of the leaves. */
  leaves(): Entry<TensorSpec>[] {
    return [...this.specs];
  }

  /** The tree with its leaves named and not copied. */
  references(): MapTree<T, NdArray, StateLeaf> {
    return mapTree<Tree<TensorSpec>, TensorSpec, StateLeaf>(this.form, (leaf, path) => ({
      ...leaf,
      state: this as unknown as State,
      path,
    })) as MapTree<T, NdArray, StateLeaf>;
  }

  /** The tree with each leaf to be copied back to the host when it is wanted. */
  sources(): MapTree<T, NdArray, LazySource> {
    return mapTree<Tree<TensorSpec>, TensorSpec, LazySource>(this.form, (leaf, path) => ({
      ...leaf,
      read: async () => (await this.fetch([path]))[0]![1],
    })) as MapTree<T, NdArray, LazySource>;
  }

  /** Copies the whole tree back to the host. */
  async read(): Promise<T> {
    const leaves = new Map(await this.fetch([...this.specs.keys()]));
    return mapTree<Tree<TensorSpec>, TensorSpec, NdArray>(this.form, (_, path) => leaves.get(path)!) as T;
  }

  /** Copies one branch back to the host. @throws if the tree has no such branch */
  async readBranch<Key extends keyof T & string>(key: Key): Promise<T[Key]> {
    const form = (this.form as Readonly<Record<string, Tree<TensorSpec>>>)[key];
    if (form === undefined) throw new Error(`readBranch: the state has no branch "${key}"`);
    const inside = (path: string) => (path === '' ? key : `${key}.${path}`);
    const leaves = new Map(await this.fetch(flatten<TensorSpec>(form).map(([path]) => inside(path))));
    return mapTree<Tree<TensorSpec>, TensorSpec, NdArray>(
      form,
      (_, path) => leaves.get(inside(path))!,
    ) as T[Key];
  }

  /** @throws a sentence if a program that reads these leaves cannot run on this state */
  check(device: Device, paths: readonly string[], inputs: readonly ValueHeader[]): void {
    this.checkUsable();
    if (device !== this.device) throw new Error('run: the state is on another device than the program');
    const expected = new Map(inputs.map((input) => [input.path, input]));
    for (const path of paths) {
      const wanted = describe(expected.get(path === '' ? 'state' : `state.${path}`)!);
      const leaf = this.specs.get(path);
      if (leaf === undefined) throw new Error(`run: the state has no leaf "${path}" (${wanted})`);
      if (describe(leaf) !== wanted) {
        throw new Error(`run: the state's "${path}" is ${describe(leaf)}, the program expects ${wanted}`);
      }
    }
  }

  /** Frees the device's memory. Later uses are refused. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.device.request({ kind: 'release', state: this.number });
  }

  private get onDevice(): boolean {
    return deviceTraits[this.device.name].memory === 'device';
  }

  private async fetch(paths: readonly string[]): Promise<Entry<NdArray>[]> {
    this.checkUsable();
    if (this.onDevice) return this.download(paths);
    const values = await this.device.request({ kind: 'read', state: this.number, paths });
    return values.map(({ path, dtype, shape, data }: Value) => [path, { dtype, shape, data }] as const);
  }

  /** Lets the device compute every leaf as itself: what it computes stays in its memory. */
  private async upload(): Promise<void> {
    await using owner = new Owner();
    const copy = owner.use(
      await this.device.compileStep((_, state) => ({ outputs: {}, state }), {}, this.form),
    );
    await copy.run({}, this);
  }

  private async download(paths: readonly string[]): Promise<Entry<NdArray>[]> {
    const specs = unflatten(paths.map((path) => [path, this.specs.get(path)!] as const));
    await using owner = new Owner();
    const copy = owner.use(
      await this.device.compileStep((_, state) => ({ outputs: state, state: {} }), {}, specs),
    );
    return flatten<NdArray>((await copy.run({}, this)) as Tree<NdArray>);
  }

  private checkUsable(): void {
    if (this.disposed) throw new Error('The state was disposed; hold it again');
  }
}

const heldAs = (leaf: TensorSpec, dtype: DType | undefined): DType =>
  dtype !== undefined && isFloating(leaf.dtype) ? dtype : leaf.dtype;

const describe = ({ dtype, shape }: TensorSpec): string => `${dtype}${formatShape(shape)}`;
