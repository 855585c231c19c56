import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adamW,
  add,
  cast,
  cosineDecay,
  createMinimizer,
  type Device,
  flatten,
  type LazySource,
  linearWarmup,
  log,
  type Minimized,
  mapTree,
  mean,
  minimize,
  multiply,
  muon,
  type NdArray,
  openDevice,
  type Problem,
  range,
  resultOf,
  type Source,
  type StateLeaf,
  type StepEvent,
  scalar,
  sgd,
  spec,
  subtract,
  sum,
  type Tensor,
  type TensorSpec,
  type TrainingState,
  type Tree,
  toNumbers,
  unflatten,
  zeros,
} from '../../../src/engine/index.ts';
import { leftBehind } from '../runtime/left-behind.ts';
import { regression, regressionBatch } from './regression.ts';

type Extra = Partial<Problem<Tree<NdArray>, Tree<TensorSpec>>>;

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

/** Runs the regression to `steps`, or stops after `stopAt` and keeps the state. */
async function run(
  extra: Extra,
  steps: number,
  options: { resumeFrom?: Tree<Source>; stopAt?: number } = {},
) {
  const { resumeFrom, stopAt } = options;
  const problem = { ...regression, learningRate: 1e-2, ...extra } as Problem<Tree<NdArray>, Tree<TensorSpec>>;
  const events = minimize(device, problem, {
    steps,
    batch: regressionBatch,
    ...(resumeFrom !== undefined && { resumeFrom }),
  });
  const reports: StepEvent[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) {
      const state = await next.value.save();
      await next.value.dispose();
      return { reports, state };
    }
    reports.push(next.value);
    if (next.value.step === stopAt) {
      const state = await next.value.save();
      await events.return(undefined as never);
      return { reports, state };
    }
  }
}

const settings: readonly (readonly [string, Extra])[] = [
  ['AdamW', {}],
  [
    'AdamW with clipping, averages and a schedule',
    { clipNorm: 1, averageDecay: 0.99, learningRate: linearWarmup(5, cosineDecay(2e-2, 40)) },
  ],
  ['AdamW over three batches a step', { batchesPerStep: 3 }],
  ['AdamW in float16', { compute: 'float16' }],
  ['Muon', { optimizer: muon(), learningRate: 2e-2 }],
  ['SGD', { optimizer: sgd(), clipNorm: 1, learningRate: 0.2 }],
  [
    'SGD with momentum over two batches a step',
    { optimizer: sgd({ momentum: 0.9 }), learningRate: 1e-3, batchesPerStep: 2 },
  ],
];

describe.each(settings)('minimizing with %s', (_, extra) => {
  test('lowers the loss', async () => {
    const { reports } = await run(extra, 40);
    const early = reports.slice(0, 5).reduce((total, { loss }) => total + loss, 0);
    const late = reports.slice(-5).reduce((total, { loss }) => total + loss, 0);
    expect(late).toBeLessThan(0.8 * early);
    // In float16 the first steps may find the loss scale too large.
    const applied = reports.filter(({ update }) => update === 'applied');
    expect(applied.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(reports.length - applied.length).toBeLessThanOrEqual(extra.compute === 'float16' ? 4 : 0);
  });

  test('stopped and resumed gives the same bits as never stopped', async () => {
    const whole = await run(extra, 24);
    const first = await run(extra, 24, { stopAt: 11 });
    // As a file would give it back: numbered keys instead of lists, leaves in another order.
    const reread = unflatten(flatten<NdArray>(first.state).reverse()) as TrainingState;
    const resumed = await run(extra, 24, { resumeFrom: reread });
    expect(resumed.reports[0]!.step).toBe(12);
    expect(new Map(flatten<NdArray>(resumed.state))).toEqual(new Map(flatten<NdArray>(whole.state)));
  });
});

describe('minimize', () => {
  test('takes AdamW steps as the paper writes them', async () => {
    const [rate, decay, beta1, beta2, epsilon] = [0.1, 0.5, 0.8, 0.9, 1e-3];
    const events = minimize(
      device,
      {
        variables: { w: scalar(2) },
        batch: { slope: spec([]) },
        loss: ({ w }, { slope }) => sum(subtract(w, slope)),
        learningRate: rate,
        optimizer: adamW({ beta1, beta2, epsilon, weightDecay: decay }),
      },
      { steps: 3, batch: () => ({ slope: scalar(0) }) },
    );
    const result = await resultOf(events);
    // The gradient is 1 at every step.
    let [w, m, v] = [2, 0, 0];
    for (let t = 1; t <= 3; t++) {
      m = beta1 * m + (1 - beta1);
      v = beta2 * v + (1 - beta2);
      w =
        w * (1 - rate * decay) - (rate * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
    }
    expect((await result.variables()).w.data[0]).toBeCloseTo(w, 5);
  });

  test('averages the batches of a step: the same as one larger batch', async () => {
    const loss = ({ w }: { w: never }, { x }: { x: never }) => mean(subtract(w, x));
    const base = { variables: { w: range(3) }, learningRate: 0.5, optimizer: sgd() };
    const halves = minimize(
      device,
      { ...base, batch: { x: spec([1, 3]) }, loss: loss as never, batchesPerStep: 2 },
      {
        steps: 1,
        batch: (_, part) => ({ x: { ...range(3), shape: [1, 3], data: Float32Array.of(part, part, part) } }),
      },
    );
    const { value } = await halves.next();
    expect((value as StepEvent).loss).toBeCloseTo(0.5);
    const { value: end } = await halves.next();
    const { w } = await (end as Minimized<typeof base.variables>).variables();
    expect([...w.data].map(Number)).toEqual([0, 1, 2].map((w) => expect.closeTo(w - 0.5 / 3, 5)));
  });

  test('reports the norm before clipping and takes a step of the clipped length', async () => {
    const { reports, state } = await run({ optimizer: sgd(), clipNorm: 0.5, learningRate: 1 }, 1);
    const after = new Map(flatten<NdArray>(state));
    expect(reports[0]!.gradientNorm).toBeGreaterThan(5);
    const moved = flatten<NdArray>(regression.variables).reduce((total, [path, { data }]) => {
      const next = Array.from(toNumbers(after.get(`variables.${path}`)!));
      return total + next.reduce((part, x, i) => part + (x - Number(data[i])) ** 2, 0);
    }, 0);
    expect(Math.sqrt(moved)).toBeCloseTo(0.5, 4);
  });

  test('reads frozen leaves from a state, which it leaves as they were', async () => {
    const held = await device.hold({ other: scalar(1), target: { x: range(3) } });
    const frozen = await device.combine({ x: held.references().target.x });
    const problem = {
      variables: { w: zeros([3]) },
      batch: {},
      frozen,
      loss: ({ w }: { readonly w: Tensor }, _: object, tree: Tree<Tensor>) => {
        const difference = subtract(w, (tree as { readonly x: Tensor }).x);
        return mean(multiply(difference, difference));
      },
      learningRate: 0.3,
      optimizer: sgd(),
    };
    for (const batchesPerStep of [1, 2]) {
      let seen: Tree<StateLeaf> = {};
      let tried = 0;
      const events = minimize(device, { ...problem, batchesPerStep }, { steps: 60, batch: () => ({}) });
      let next = await events.next();
      for (; !next.done; next = await events.next()) {
        seen = next.value.references();
        if (next.value.step !== 60) continue;
        const live = await device.combine(seen);
        tried = Number(flatten<NdArray>(await live.read())[0]![1].data[2]);
      }
      const { w } = await next.value.variables();
      expect([...w.data].map(Number)).toEqual([expect.closeTo(0), expect.closeTo(1), expect.closeTo(2)]);
      expect(tried).toBe(w.data[2]);
    }
    expect([...(await held.read()).target.x.data].map(Number)).toEqual([0, 1, 2]);
  });

  /** What is read is counted. */
  function counted(tree: Tree<NdArray>) {
    const reads = new Map<string, number>();
    const sources = mapTree<Tree<NdArray>, NdArray, LazySource>(tree, (array, path) => ({
      dtype: array.dtype,
      shape: array.shape,
      read: async () => {
        reads.set(path, (reads.get(path) ?? 0) + 1);
        return { ...array, data: array.data.slice() };
      },
    })) as Tree<LazySource>;
    return { reads, sources };
  }

  test.each([
    [1, {}],
    [2, { averageDecay: 0.9 }],
  ] as const)('reads variables that are sources %i times and ends as with arrays', async (times, extra) => {
    const { reads, sources } = counted(regression.variables);
    const whole = await run(extra, 3);
    const lazily = await run({ ...extra, variables: sources as never }, 3);
    expect(lazily.state).toEqual(whole.state);
    expect([...reads.values()]).toEqual(flatten<NdArray>(regression.variables).map(() => times));
  });

  test('goes on from sources of a saved state, each read once, and leaves the variables unread', async () => {
    const whole = await run({ averageDecay: 0.9 }, 5);
    const { state } = await run({ averageDecay: 0.9 }, 5, { stopAt: 3 });
    const saved = counted(state);
    const begun = counted(regression.variables);
    const extra = { averageDecay: 0.9, variables: begun.sources as never };
    const resumed = await run(extra, 5, { resumeFrom: saved.sources });
    expect(resumed.state).toEqual(whole.state);
    expect([...saved.reads.values()]).toEqual(flatten<NdArray>(state).map(() => 1));
    expect(begun.reads.size).toBe(0);
  });

  test('begins at leaves that are held, and leaves those as they are', async () => {
    const held = await device.hold({ w: scalar(8), other: scalar(1) });
    const problem = {
      variables: { w: held.sources().w },
      batch: {},
      loss: ({ w }: { readonly w: Tensor }) => multiply(w, 2),
      learningRate: 0.5,
      optimizer: sgd(),
    };
    const result = await resultOf(minimize(device, problem, { steps: 2, batch: () => ({}) }));
    expect((await result.variables()).w.data[0]).toBe(6);
    expect((await held.read()).w.data[0]).toBe(8);
    await result.dispose();
    await expect(result.variables()).rejects.toThrow('The state was disposed');
  });

  test('lends its state leaf by leaf until the next step', async () => {
    const walk = minimize(device, { ...regression, learningRate: 1e-2 } as never, {
      steps: 2,
      batch: regressionBatch,
    });
    const { value } = await walk.next();
    const { sources, save } = value as StepEvent;
    const lent = sources();
    const read = new Map<string, NdArray>();
    for (const [path, source] of flatten<LazySource>(lent)) read.set(path, await source.read());
    expect(read).toEqual(new Map(flatten<NdArray>(await save())));
    await walk.next();
    const [path, source] = flatten<LazySource>(lent)[0]!;
    await expect(source.read()).rejects.toThrow(
      `"${path}" as it was after step 1 is gone; read it before the next step`,
    );
    await walk.return(undefined as never);
  });

  test('lets a batch be made of the variables as they are before the step', async () => {
    const problem = {
      variables: { w: scalar(8) },
      batch: { target: spec([]) },
      loss: ({ w }: { readonly w: Tensor }, { target }: { readonly target: Tensor }) => {
        const difference = subtract(w, target);
        return multiply(difference, difference);
      },
      learningRate: 0.5,
      optimizer: sgd(),
    };
    const halving = minimize(device, problem, {
      steps: 3,
      batch: async (_step, _part, variables) => {
        const state = await device.combine(variables());
        const [[, w]] = flatten<NdArray>(await state.read()) as [[string, NdArray]];
        await state.dispose();
        return { target: scalar(Number(w.data[0]) / 2) };
      },
    });
    const result = await resultOf(halving);
    expect((await result.variables()).w.data[0]).toBe(1);
  });

  test('gives branches of the variables rates of their own', async () => {
    const events = minimize(
      device,
      {
        variables: { slow: scalar(0), fast: { a: scalar(0), b: scalar(0) }, faster: scalar(0) },
        batch: {},
        loss: ({ slow, fast, faster }) => sum(add(add(slow, faster), add(fast.a, fast.b))),
        learningRate: 1,
        branchRates: { fast: (step) => 10 * (step + 1), 'fast.b': 5, faster: 0 },
        optimizer: sgd(),
      },
      { steps: 2, batch: () => ({}) },
    );
    const reports: StepEvent[] = [];
    let next = await events.next();
    for (; !next.done; next = await events.next()) reports.push(next.value);
    const { slow, fast, faster } = await next.value.variables();
    // The first branch that a variable belongs to counts.
    expect([slow, fast.a, fast.b, faster].map(({ data }) => data[0])).toEqual([-2, -30, -30, 0]);
    expect(reports[0]!.learningRate).toBe(1);
  });

  test.each([1, 2])(
    'leaves nothing on the device where it cannot begin: %i batches a step',
    async (batchesPerStep) => {
      const problem = { ...regression, learningRate: 0.1, batchesPerStep };
      expect(await leftBehind(device, () => createMinimizer(device, problem))).toEqual([]);
    },
  );

  test('stops between two steps when it is aborted', async () => {
    const controller = new AbortController();
    const events = minimize(device, { ...regression, learningRate: 1e-2 } as never, {
      steps: 10,
      batch: regressionBatch,
      signal: controller.signal,
    });
    await events.next();
    controller.abort(new Error('enough'));
    await expect(events.next()).rejects.toThrow('enough');
  });

  test('leaves the variables as they were before a step whose loss is not a number', async () => {
    const events = minimize(
      device,
      {
        variables: { w: scalar(1) },
        batch: { x: spec([]) },
        loss: ({ w }, { x }) => sum(log(subtract(w, x))),
        learningRate: 0.1,
      },
      { steps: 3, batch: (step) => ({ x: scalar(step < 2 ? 0 : 100) }) },
    );
    await events.next();
    const { value } = await events.next();
    const saved = await (value as StepEvent).save();
    await expect(events.next()).rejects.toThrow('At step 3 the loss is NaN; the variables are as before it.');
    expect(new Map(flatten<NdArray>(saved)).get('variables.w')!.data[0]).toBeGreaterThan(0);
  });

  test('halves the scale of the loss and skips the step when a float16 gradient overflows', async () => {
    const problem = {
      variables: { w: scalar(1) },
      batch: {},
      // The gradient passes through float16, whose largest number is 65,504: 100 times the scale, 2^15 at first.
      loss: ({ w }: { readonly w: Tensor }) => sum(multiply(cast(cast(w, 'float16'), 'float32'), 100)),
      learningRate: 1e-3,
      optimizer: sgd(),
      compute: 'float16',
    } as const;
    const reports: StepEvent[] = [];
    for await (const event of minimize(device, problem, { steps: 2, batch: () => ({}) })) reports.push(event);
    expect(reports.map(({ step, update }) => [step, update])).toEqual([
      ...new Array(6).fill([0, 'skipped']),
      [1, 'applied'],
      [2, 'applied'],
    ]);
  });

  const refused: readonly (readonly [string, Extra, RegExp])[] = [
    [
      'a learning rate of NaN',
      { learningRate: Number.NaN },
      /minimize: a learning rate is a finite number ≥ 0, got NaN/,
    ],
    [
      'a schedule that gives NaN',
      { learningRate: () => Number.NaN },
      /step 1: a learning rate is a finite number ≥ 0, got NaN/,
    ],
    [
      'a rate for a branch that is not there',
      { branchRates: { nowhere: 1 } },
      /branchRates has "nowhere", the variables have no such branch/,
    ],
    ['a negative norm', { clipNorm: -1 }, /clipNorm is above 0, got -1/],
    ['a decay of 1', { averageDecay: 1 }, /averageDecay lies in \[0, 1\), got 1/],
    ['half a batch', { batchesPerStep: 0.5 }, /batchesPerStep is a whole number ≥ 1, got 0.5/],
    ['no variables', { variables: {} }, /there are no variables/],
    [
      'integer variables',
      { variables: { w: range(3, 'int32') } },
      /variable "w" is int32, expected float32; only floats can be trained/,
    ],
    [
      'float16 variables',
      { variables: { w: range(3, 'float16') } },
      /variable "w" is float16, expected float32; cast it/,
    ],
  ];
  test.each(refused)('refuses %s', async (_, extra, message) => {
    await expect(run(extra, 1)).rejects.toThrow(message);
  });

  test('refuses an optimizer out of range', () => {
    expect(() => adamW({ beta1: 1 })).toThrow('adamW: beta1 lies in [0, 1), got 1');
    expect(() => sgd({ weightDecay: Number.NaN })).toThrow(
      'sgd: weightDecay is a finite number ≥ 0, got NaN',
    );
  });

  test('refuses a saved state of another problem', async () => {
    const { state } = await run({}, 2, { stopAt: 1 });
    const { moments, ...withoutMoments } = state as { moments: Tree<NdArray> };
    const resume = (resumeFrom: unknown) => run({}, 2, { resumeFrom: resumeFrom as TrainingState });
    await expect(resume(withoutMoments)).rejects.toThrow('the saved state has no "moments.m.hidden.weight"');
    await expect(resume({ ...(state as object), extra: scalar(1) })).rejects.toThrow(
      `"extra" is not part of this problem`,
    );
    await expect(
      resume({ ...(state as object), variables: { hidden: { weight: scalar(1) } } }),
    ).rejects.toThrow('"variables.hidden.weight" is float32[], expected float32[16,4]');
    expect(moments).toBeDefined();
  });
});
