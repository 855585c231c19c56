import {
  type Device,
  mapTree,
  type NdArray,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  trace,
  unflatten,
  zeros,
} from '../src/engine/index.ts';

/** One figure with its spread over the repetitions of one run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Smallest and largest of the repetitions, in the same unit. */
  readonly spread?: readonly [smallest: number, largest: number];
  /** What it is a share of, or what it is compared with. */
  readonly remark?: string;
}

export interface PerfContext {
  readonly device: Device;
  /** One run of a large matrix product: its speed at this moment, GFLOP/s. */
  readonly sgemm: () => Promise<number>;
}

/** A measure yields its figures as it finds them. */
export type Measure = (context: PerfContext) => AsyncGenerator<Figure>;

export interface Times {
  readonly median: number;
  readonly smallest: number;
  readonly largest: number;
  /** In the order of the repetitions. */
  readonly samples: readonly number[];
}

/**
 * Milliseconds a run takes over `repetitions`, after one that warms up. Inputs and results stay on the device, as
 * weights and training state do; what is left of the way to the worker and back is some 0.1 ms.
 * @param before runs ahead of every repetition and is not counted
 */
export async function timeOnDevice(
  device: Device,
  build: (inputs: Tensors) => Tree<Tensor>,
  inputs: Readonly<Record<string, NdArray>>,
  repetitions = 7,
  before: () => Promise<void> = async () => {},
): Promise<Times> {
  const specs = mapTree<Tree<NdArray>, NdArray, TensorSpec>(inputs, ({ shape, dtype }) => spec(shape, dtype));
  const results = trace((tensors) => build(tensors as Tensors), specs).outputs;
  const room = unflatten(results.map(([path, { shape, dtype }]) => [path, zeros(shape, dtype)] as const));
  const state = await device.hold({ inputs, results: room });
  const program = await device.compileStep(
    (_, state) => {
      const { inputs } = state as unknown as { inputs: Tensors };
      return { outputs: {}, state: { results: build(inputs) } };
    },
    {},
    {
      inputs: specs,
      results: unflatten(results.map(([path, { shape, dtype }]) => [path, spec(shape, dtype)] as const)),
    },
  );
  const samples: number[] = [];
  await program.run({}, state);
  for (let i = 0; i < repetitions; i++) {
    await before();
    const start = performance.now();
    await program.run({}, state);
    samples.push(performance.now() - start);
  }
  await program.dispose();
  await state.dispose();
  const times = ordered(samples);
  return { median: median(times), smallest: times[0]!, largest: times.at(-1)!, samples };
}

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * The speed of a function beside that of a large matrix product. The two take turns, so that what else the machine
 * does slows both: the share is the median of the repetitions' shares.
 */
export async function measureSpeed(
  { device, sgemm }: PerfContext,
  name: string,
  operations: number,
  build: (inputs: Tensors) => Tree<Tensor>,
  inputs: Readonly<Record<string, NdArray>>,
): Promise<Figure> {
  const peaks: number[] = [];
  const { samples } = await timeOnDevice(device, build, inputs, 9, async () => {
    peaks.push(await sgemm());
  });
  const speeds = samples.map((milliseconds) => operations / milliseconds / 1e6);
  const shares = ordered(speeds.map((speed, i) => (100 * speed) / peaks[i]!));
  const inOrder = ordered(speeds);
  const [low, middle, high] = [shares[0]!, median(shares), shares.at(-1)!].map(Math.round);
  return {
    name,
    value: median(inOrder),
    unit: 'GFLOP/s',
    spread: [inOrder[0]!, inOrder.at(-1)!],
    remark: `${middle} % of the sgemm peak (${low} to ${high})`,
  };
}

const ordered = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

const median = (inOrder: readonly number[]): number => inOrder[inOrder.length >> 1]!;
