import { describe, expect, it } from 'vitest';
import { fromNested, ndArray, normal, randomKey } from '../../../src/engine/index.ts';
import {
  type Latents,
  levelAt,
  noiseSchedule,
  type PredictionType,
  stableDiffusionSchedule,
  type Timestep,
} from '../../../src/methods/diffusion/index.ts';
import type { Branches, BranchPredictor } from '../../../src/methods/editing/index.ts';
import {
  type EdsdSettings,
  estimateEdsd,
  type Jacobian,
  type LossRegion,
} from '../../../src/methods/steering/index.ts';

const shape = [1, 2, 3, 3];
const elements = 18;
const source = normal(randomKey(1), shape);
const mask = fromNested([
  [0, 0, 1],
  [0, 0.5, 1],
  [0, 0, 1],
]);
const settings: EdsdSettings = {
  jacobian: '-I',
  batchSize: 1,
  editStepSize: 0.3,
  edits: 1,
  guidanceScale: 1,
  weighting: 'constant',
  region: 'everywhere',
  editRegion: 'everywhere',
};

/** A network of two numbers an element, f(x) = tanh(a x + b); without text b is left out. */
type Parameters = { readonly a: Float64Array; readonly b: Float64Array };
const parameters = (seed: number): Parameters => ({
  a: Float64Array.from(normal(randomKey(seed), shape).data),
  b: Float64Array.from(normal(randomKey(seed + 100), shape).data),
});
const answer = ({ a, b }: Parameters, text: 'prompt' | 'negative prompt', x: ArrayLike<number>) =>
  Float64Array.from(a, (slope, i) => Math.tanh(slope * x[i]! + (text === 'prompt' ? b[i]! : 0)));

const [θ, φ] = [parameters(3), parameters(4)];

interface Call {
  readonly noisy: Branches<Latents>;
  readonly timestep: Timestep;
}

function recorded(target: Parameters, sourceSide: Parameters) {
  const calls: Call[] = [];
  const array = (values: Float64Array) => ndArray('float32', shape, Float32Array.from(values));
  const both = (network: Parameters, noisy: Latents) => ({
    conditional: array(answer(network, 'prompt', noisy.data)),
    unconditional: array(answer(network, 'negative prompt', noisy.data)),
  });
  const predict: BranchPredictor = async (noisy, timestep) => {
    calls.push({ noisy, timestep });
    return { target: both(target, noisy.target), source: both(sourceSide, noisy.source) };
  };
  return { calls, predict };
}

const scheduleOf = (predictionType: PredictionType) =>
  noiseSchedule({ ...stableDiffusionSchedule, predictionType });

/** ε^w of the toy networks, in float64. */
function epsilon(network: Parameters, x: ArrayLike<number>, t: number, type: PredictionType, w: number) {
  const { alpha, sigma } = levelAt(scheduleOf(type), t);
  const read = (f: number, x_t: number) =>
    ({ epsilon: f, v_prediction: alpha * f + sigma * x_t, sample: (x_t - alpha * f) / sigma })[type];
  const [y, none] = [answer(network, 'prompt', x), answer(network, 'negative prompt', x)];
  return y.map((f, i) => w * read(f, x[i]!) + (1 - w) * read(none[i]!, x[i]!));
}

const rows: readonly {
  readonly title: string;
  readonly type?: PredictionType;
  readonly change?: Partial<EdsdSettings>;
  readonly masked?: boolean;
}[] = [
  { title: 'J := −I' },
  { title: 'J := +I', change: { jacobian: '+I' } },
  { title: 'a v-prediction model', type: 'v_prediction' },
  { title: 'a model that predicts clean latents', type: 'sample' },
  { title: 'guidance inside', change: { guidanceScale: 3 } },
  { title: 'a weight of time', change: { weighting: 'noise-to-signal' } },
  { title: 'the subject alone', change: { region: 'subject', editRegion: 'subject' }, masked: true },
  { title: 'a discrepancy in the subject', change: { region: 'subject' }, masked: true },
  {
    title: 'edits of the subject, which leave the rest as it is',
    change: { editRegion: 'subject' },
    masked: true,
  },
];

describe('the gradient of EDSD', () => {
  it.each(rows)('is that of the formula by the chain rule, by finite differences: $title', async (row) => {
    const { type = 'epsilon', change = {}, masked } = row;
    const own = { ...settings, ...change };
    const { predict, calls } = recorded(θ, φ);
    const point = { source, schedule: scheduleOf(type), key: randomKey(9), ...(masked && { mask }) };
    const estimate = await estimateEdsd(predict, own, point);
    const [look, outer] = calls as [Call, Call];
    const { alpha, sigma } = levelAt(scheduleOf(type), outer.timestep);
    const w = own.guidanceScale;
    const inRegion = (region: LossRegion, i: number) => (region === 'subject' ? mask.data[i % 9]! : 1);
    const ω = own.weighting === 'constant' ? 1 : sigma / alpha;

    // What the formula says: the outer network is fixed, and linear around z̃_t with the Jacobian J.
    const J = own.jacobian === '-I' ? -1 : 1;
    const edited = (network: Parameters) => {
      const ours = epsilon(network, look.noisy.target.data, look.timestep, type, w);
      const theirs = epsilon(φ, look.noisy.source.data, look.timestep, type, w);
      return ours.map(
        (value, i) => source.data[i]! - own.editStepSize * inRegion(own.editRegion, i) * (value - theirs[i]!),
      );
    };
    const [before, fixed] = [edited(θ), epsilon(θ, outer.noisy.target.data, outer.timestep, type, w)];
    const wanted = epsilon(φ, outer.noisy.source.data, outer.timestep, type, w);
    const total = before.reduce((sum, _, i) => sum + inRegion(own.region, i), 0);
    const loss = (network: Parameters) => {
      const z = edited(network);
      return before.reduce((sum, _, i) => {
        const δ = fixed[i]! + J * alpha * (z[i]! - before[i]!) - wanted[i]!;
        return sum + ((inRegion(own.region, i) / total) * ω * δ ** 2) / 2;
      }, 0);
    };
    expect(estimate.loss).toBeCloseTo(2 * loss(θ), 4);

    for (const name of ['a', 'b'] as const) {
      for (let i = 0; i < elements; i++) {
        const step = 1e-4;
        const moved = (by: number) => ({ ...θ, [name]: θ[name].map((x, j) => (i === j ? x + by : x)) });
        const numeric = (loss(moved(step)) - loss(moved(-step))) / (2 * step);
        const surrogate = estimate.terms.reduce((sum, { noisy, text, direction }) => {
          const [up, down] = [moved(step), moved(-step)].map((each) => answer(each, text, noisy.data)[i]!);
          return sum + (direction.data[i]! * (up! - down!)) / (2 * step);
        }, 0);
        expect(own.editStepSize * alpha * surrogate).toBeCloseTo(numeric, 6);
      }
    }
  });

  it('averages over several edits, each from where the last ended', async () => {
    // A network that ignores what it sees: no Jacobian is left out of the chain, and z̃ = ẑ − η (b − b̂) each time.
    const [flat, other] = [θ, φ].map(({ b }) => ({ a: new Float64Array(elements), b })) as [
      Parameters,
      Parameters,
    ];
    const estimates = await Promise.all(
      [1, 3].map((edits) => {
        const { predict } = recorded(flat, other);
        const point = { source, schedule: noiseSchedule(), key: randomKey(9) };
        return estimateEdsd(predict, { ...settings, edits }, point);
      }),
    );
    const [once, thrice] = estimates as [(typeof estimates)[0], (typeof estimates)[0]];
    expect(thrice.terms.length).toBe(3);
    expect(thrice.shift).toBeCloseTo(3 * once.shift, 5);
    for (let i = 0; i < elements; i++) {
      const sum = thrice.terms.reduce((total, { direction }) => total + direction.data[i]!, 0);
      expect(sum).toBeCloseTo(once.terms[0]!.direction.data[i]!, 6);
    }
  });
});

const estimateWith = (
  change: Partial<EdsdSettings>,
  networks: readonly [Parameters, Parameters] = [θ, φ],
) => {
  const { predict, calls } = recorded(...networks);
  const point = { source, schedule: noiseSchedule(), key: randomKey(9), mask };
  return estimateEdsd(predict, { ...settings, ...change }, point).then((estimate) => ({ estimate, calls }));
};

describe('EDSD', () => {
  it('with +I is exactly the negative of EDSD with −I', async () => {
    const [minus, plus] = await Promise.all(
      (['-I', '+I'] as const).map((jacobian: Jacobian) => estimateWith({ jacobian })),
    );
    const ours = minus!.estimate.terms[0]!.direction.data;
    expect(plus!.estimate.terms[0]!.direction.data).toEqual(ours.map((value) => -value));
    expect(ours.some((value) => value !== 0)).toBe(true);
  });

  it('is exactly zero where the personalized model is the pre-trained one and nothing is edited', async () => {
    const { estimate } = await estimateWith({ editStepSize: 0 }, [φ, φ]);
    expect(estimate.loss).toBe(0);
    expect(estimate.shift).toBe(0);
    expect(estimate.terms[0]!.direction.data.every((value) => value === 0)).toBe(true);
  });

  it('draws two times and two noises that differ', async () => {
    const { calls } = await estimateWith({ editStepSize: 0 });
    const noises = calls.map(({ noisy, timestep }) => {
      const { alpha, sigma } = levelAt(noiseSchedule(), timestep);
      return noisy.source.data.map((value, i) => (value - alpha * source.data[i]!) / sigma);
    });
    expect(calls[0]!.timestep).not.toBe(calls[1]!.timestep);
    const dot = noises[0]!.reduce((sum, value, i) => sum + value * noises[1]![i]!, 0) / elements;
    expect(Math.abs(dot)).toBeLessThan(0.7);
  });

  it('asks the source branch for the source, noised like the edited image', async () => {
    const { calls } = await estimateWith({});
    const { noisy, timestep } = calls[1]!;
    const { alpha } = levelAt(noiseSchedule(), timestep);
    const shift = noisy.target.data.map((value, i) => (value - noisy.source.data[i]!) / alpha);
    expect(shift.some((value) => Math.abs(value) > 0.01)).toBe(true);
    expect(calls[0]!.noisy.target.data).toEqual(calls[0]!.noisy.source.data);
  });

  it('of the subject has no direction outside the mask, and moves nothing there', async () => {
    const { estimate, calls } = await estimateWith({ region: 'subject', editRegion: 'subject' });
    const { direction } = estimate.terms[0]!;
    const { noisy } = calls[1]!;
    for (let i = 0; i < elements; i++) {
      expect(direction.data[i] === 0).toBe(mask.data[i % 9] === 0);
      expect(noisy.target.data[i] === noisy.source.data[i]).toBe(mask.data[i % 9] === 0);
    }
  });

  it.each([
    [undefined, 'need a mask'],
    [fromNested([[1]]), 'the mask is as large as the latents, [3, 3], got [1, 1]'],
    [ndArray('float32', [3, 3], new Float32Array(9)), 'the mask is 0 everywhere'],
    [ndArray('float32', [3, 3], new Float32Array(9).fill(2)), 'a mask is made of 0 … 1, got 2'],
  ])('refuses a mask that is of no use, with a sentence', async (given, sentence) => {
    const { predict } = recorded(θ, φ);
    const point = { source, schedule: noiseSchedule(), key: randomKey(9), ...(given && { mask: given }) };
    await expect(estimateEdsd(predict, { ...settings, region: 'subject' }, point)).rejects.toThrow(sentence);
  });
});
