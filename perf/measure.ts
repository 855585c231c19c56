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
  /** Arithmetic speed of one large matrix product in this run, GFLOP/s. */
  readonly sgemmPeak: number;
}

/** A measure yields its figures as it finds them. */
export type Measure = (context: PerfContext) => AsyncGenerator<Figure>;

export interface Times {
  readonly median: number;
  readonly smallest: number;
  readonly largest: number;
}

/**
 * Milliseconds a run takes over `repetitions`, after one that warms up. Inputs and results stay on the device, as
 * weights and training state do; what is left of the way to the worker and back is some 0.1 ms.
 */
export async function timeOnDevice(
  device: Device,
  build: (inputs: Tensors) => Tree<Tensor>,
  inputs: Readonly<Record<string, NdArray>>,
  repetitions = 7,
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
  const times: number[] = [];
  for (let i = -1; i < repetitions; i++) {
    const start = performance.now();
    await program.run({}, state);
    if (i >= 0) times.push(performance.now() - start);
  }
  await program.dispose();
  await state.dispose();
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1]!, smallest: times[0]!, largest: times.at(-1)! };
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** A speed figure: the median, with the spread of the same repetitions. */
export function speed(name: string, operations: number, times: Times, sgemmPeak?: number): Figure {
  const gigaflops = (milliseconds: number) => operations / milliseconds / 1e6;
  const value = gigaflops(times.median);
  return {
    name,
    value,
    unit: 'GFLOP/s',
    spread: [gigaflops(times.largest), gigaflops(times.smallest)],
    ...(sgemmPeak !== undefined && {
      remark: `${Math.round((100 * value) / sgemmPeak)} % of the sgemm peak`,
    }),
  };
}
