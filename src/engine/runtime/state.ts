import { type Entry, formatShape, type NdArray, type Tree, unflatten } from '../arrays/index.ts';
import { spec, type TensorSpec } from '../graph/index.ts';
import type { Device } from './device.ts';
import { deviceTraits } from './devices.ts';
import type { ValueHeader } from './worker-messages.ts';

/** A tree of arrays that lives on a device: weights, optimizer moments. Steps read and replace its leaves. */
export class State {
  private disposed = false;

  private constructor(
    private readonly device: Device,
    readonly number: number,
    private readonly headers: ReadonlyMap<string, TensorSpec>,
  ) {}

  /** Use `Device.hold`. */
  static async create(device: Device, entries: readonly Entry<NdArray>[]): Promise<State> {
    const number = device.nextNumber();
    await device.request({ kind: 'hold', state: number, values: [] }, entries);
    const headers = entries.map(([path, { dtype, shape }]) => [path, spec(shape, dtype)] as const);
    const state = new State(device, number, new Map(headers));
    if (deviceTraits[device.name].memory === 'device') await state.upload();
    return state;
  }

  /** Paths and shapes of the leaves. */
  leaves(): Entry<TensorSpec>[] {
    return [...this.headers];
  }

  /** Copies leaves back to the host. Default: all. */
  async read(paths: readonly string[] = [...this.headers.keys()]): Promise<Tree<NdArray>> {
    this.checkUsable();
    for (const path of paths) {
      if (!this.headers.has(path)) throw new Error(`read: the state has no leaf "${path}"`);
    }
    if (deviceTraits[this.device.name].memory === 'device') return this.download(paths);
    const values = await this.device.request({ kind: 'read', state: this.number, paths });
    return unflatten(values.map(({ path, dtype, shape, data }) => [path, { dtype, shape, data }] as const));
  }

  /** @throws a sentence if a program for these leaves cannot run on this state */
  check(device: Device, paths: readonly string[], inputs: readonly ValueHeader[]): void {
    this.checkUsable();
    if (device !== this.device) throw new Error('run: the state is on another device than the program');
    const expected = new Map(inputs.map((input) => [input.path, input]));
    for (const path of paths) {
      const wanted = expected.get(path === '' ? 'state' : `state.${path}`)!;
      const found = this.headers.get(path);
      const description = `${wanted.dtype}${formatShape(wanted.shape)}`;
      if (found === undefined) throw new Error(`run: the state has no leaf "${path}" (${description})`);
      if (found.dtype !== wanted.dtype || formatShape(found.shape) !== formatShape(wanted.shape)) {
        throw new Error(
          `run: the state's "${path}" is ${found.dtype}${formatShape(found.shape)}, the program expects ${description}`,
        );
      }
    }
  }

  /** Frees the device's memory. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.device.request({ kind: 'release', state: this.number });
  }

  /** Lets the device compute every leaf as itself: what it computes stays in its memory. */
  private async upload(): Promise<void> {
    const copy = await this.device.compileStep((_, state) => ({ outputs: {}, state }), {}, this.specs());
    await copy.run({}, this);
    await copy.dispose();
  }

  private async download(paths: readonly string[]): Promise<Tree<NdArray>> {
    const copy = await this.device.compileStep(
      (_, state) => ({ outputs: state, state: {} }),
      {},
      this.specs(paths),
    );
    const values = await copy.run({}, this);
    await copy.dispose();
    return values;
  }

  private specs(paths: readonly string[] = [...this.headers.keys()]): Tree<TensorSpec> {
    return unflatten(paths.map((path) => [path, this.headers.get(path)!] as const));
  }

  private checkUsable(): void {
    if (this.disposed) throw new Error('The state was disposed; hold it again');
  }
}
