import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  fold,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  randomKey,
} from '../../../src/engine/index.ts';
import {
  compileDenoiser,
  convertPrediction,
  type HeldModel,
  type HeldNetwork,
  type Latents,
  levelAt,
  noiseSchedule,
  type PredictionType,
  stableDiffusionSchedule,
  timestep,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import { type Plane, resizePlane } from '../../../src/methods/editing/index.ts';
import {
  addEnergyGradient,
  compileEnergy,
} from '../../../src/methods/steering/guided-images/energy-guidance.ts';
import { compileRecorder } from '../../../src/methods/steering/guided-images/record-features.ts';
import {
  chooseSelfAttentions,
  type SelfAttentionFeatures,
  specifyFeatures,
} from '../../../src/methods/steering/guided-images/self-attention-features.ts';
import { parseUnetConfig, type UnetConfig } from '../../../src/networks/unet/index.ts';
import { largestDifference, tinyJson } from '../../networks/unet/tiny-unet.ts';
import { heldTinyUnet, tinyContext } from '../editing/tiny-networks.ts';

const shape = [1, 4, 6, 8];
const size = [6, 8] as const;
const key = randomKey(2);
const [x, y] = [normal(fold(key, 'x'), shape), normal(fold(key, 'y'), shape)];
const time = timestep(321);
const decoder = { parts: ['up'], mostPlaces: 1024, skip: 0 } as const;
const residual = 'up_blocks.1.resnets.1.residual';

let device: Device;
let network: HeldNetwork<UnetConfig>;
/** With self-attention at both resolutions, 3x4 and 6x8. */
let attentive: HeldNetwork<UnetConfig>;
beforeAll(async () => {
  device = await openDevice('cpu');
  network = await heldTinyUnet(device, 1);
  const up = ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'] as const;
  attentive = await heldTinyUnet(device, 1, parseUnetConfig({ ...tinyJson, up_block_types: up }));
});
afterAll(() => device.close());

const choose = (features: SelfAttentionFeatures, { config } = network) =>
  specifyFeatures(config, size, 5, chooseSelfAttentions(config, size, decoder, features));

/** A subject in the middle whose edge is soft. */
const subject = ndArray(
  'float32',
  size,
  Float32Array.from({ length: 48 }, (_, i) =>
    Math.max(0, Math.min(1, 1.8 - 0.5 * Math.hypot(Math.floor(i / 8) - 2.5, (i % 8) - 3.5))),
  ),
);

const rootMeanSquare = ({ data }: NdArray) =>
  Math.sqrt((data as Float32Array).reduce((sum, value) => sum + value ** 2, 0) / data.length);

describe('the energy', () => {
  it.each([
    ['queries', {}],
    ['keys', {}],
    ['queries and keys', {}],
    ['queries and keys', { subject }],
    ['probabilities', {}],
    ['outputs', {}],
  ] as const)(
    'of %s, %j, has the gradient that finite differences find, and is 0 at the source',
    async (kind, free) => {
      const features = choose(kind);
      const context = tinyContext('y', 1);
      const recorder = await compileRecorder(device, network, features, context, shape);
      const energy = await compileEnergy(device, network, { features, context, shape, ...free });
      const source = await recorder.record(y, time);
      const { gradient } = await energy.at(x, time, source);
      // Along the gradient itself the slope is its norm; along another direction, the product.
      const other = normal(fold(key, 'direction'), shape);
      for (const direction of [weightedSum([1 / rootMeanSquare(gradient), gradient]), other]) {
        const at = async (step: number) =>
          (await energy.at(weightedSum([1, x], [step, direction]), time, source)).energy;
        const numeric = ((await at(0.01)) - (await at(-0.01))) / 0.02;
        const slope = gradient.data.reduce((sum, value, i) => sum + value * direction.data[i]!, 0);
        const scale = rootMeanSquare(gradient) * rootMeanSquare(direction) * x.data.length;
        expect(Math.abs(numeric - slope) / scale).toBeLessThan(0.01);
      }
      const own = await energy.at(y, time, source);
      expect(own.energy).toBeLessThan(1e-10);
      expect((await energy.at(x, time, source)).energy).toBeGreaterThan(1e-5);
      await recorder.dispose();
      await energy.dispose();
    },
  );

  it.each(['queries and keys', 'outputs'] as const)(
    'of %s does not see a shift that all of the subject shares, where that is free, and sees any other',
    async (kind) => {
      const features = choose(kind, attentive);
      const context = tinyContext('y', 1);
      const recorder = await compileRecorder(device, attentive, features, context, shape);
      const energy = await compileEnergy(device, attentive, { features, context, shape, subject });
      const source = await recorder.record(y, time);
      const energyOf = async (along: Plane) => {
        const shifted = Object.entries(source).map(([label, { shape: own, data }]) => {
          const [places, width] = own.slice(-2) as [number, number];
          const { data: shares } = resizePlane(along, places === 48 ? size : [3, 4]);
          const moved = (data as Float32Array).map(
            (value, i) => value + shares[Math.floor(i / width) % places]!,
          );
          return [label, ndArray('float32', own, moved)] as const;
        });
        return (await energy.at(y, time, Object.fromEntries(shifted))).energy;
      };
      expect(new Set(features.map(({ spec: { shape: own } }) => own.at(-2)))).toEqual(new Set([12, 48]));
      expect(await energyOf(subject)).toBeLessThan(1e-8);
      const [half, rest] = [
        subject.data.map((share, i) => (i % 8 < 4 ? share : 0)),
        subject.data.map((share) => 1 - share),
      ];
      for (const other of [half, rest]) {
        expect(await energyOf(ndArray('float32', size, other))).toBeGreaterThan(0.01);
      }
      await recorder.dispose();
      await energy.dispose();
    },
  );

  it.each(['epsilon', 'v_prediction', 'sample'] as const)(
    'adds s · σ_t · its normalised gradient to ε, whatever the model predicts: %s',
    (predictionType: PredictionType) => {
      const schedule = noiseSchedule({ ...stableDiffusionSchedule, predictionType });
      const level = levelAt(schedule, 500);
      const slope = weightedSum([7, y]);
      const types = { from: predictionType, to: 'epsilon' } as const;
      const ε = (output: Latents) => convertPrediction(output, types, x, level);
      const output = normal(fold(key, 'output'), shape);
      const at = { latents: x, level, slope };
      const guided = addEnergyGradient(output, at, { strength: 2, gradient: 'normalised' }, schedule);
      const expected = weightedSum([1, ε(output)], [(2 * level.sigma) / rootMeanSquare(y), y]);
      expect(largestDifference(ε(guided), expected)).toBeLessThan(1e-4);
      const plain = addEnergyGradient(output, at, { strength: 2, gradient: 'as it is' }, schedule);
      expect(largestDifference(ε(plain), weightedSum([1, ε(output)], [14 * level.sigma, y]))).toBeLessThan(
        1e-3,
      );
      const still = { ...at, slope: weightedSum([0, y]) };
      expect(addEnergyGradient(output, still, { strength: 2, gradient: 'normalised' }, schedule)).toBe(
        output,
      );
    },
  );
});

it('energy leaves a prediction from pure noise as it is, since no picture follows from its ε', () => {
  const options = {
    ...stableDiffusionSchedule,
    terminalSnr: 'zero',
    predictionType: 'v_prediction',
  } as const;
  const schedule = noiseSchedule(options);
  const output = normal(fold(key, 'output'), shape);
  const at = { latents: x, level: levelAt(schedule, 999), slope: y };
  expect(addEnergyGradient(output, at, { strength: 1, gradient: 'normalised' }, schedule)).toBe(output);
});

describe('injection', () => {
  const names = () => [...chooseSelfAttentions(network.config, size, decoder, 'queries and keys'), residual];
  const compile = async (guidanceScale: number, context: NdArray, injected = names()) => {
    const features = specifyFeatures(network.config, size, 5, injected);
    const model = { device, unet: network } as unknown as HeldModel;
    const denoiser = await compileDenoiser(model, shape, context, { guidanceScale }, features);
    const recorder = await compileRecorder(device, network, features, tinyContext('y', 1), shape);
    return { denoiser, recorder };
  };
  const free = (context: NdArray, guidanceScale: number) =>
    compileDenoiser({ device, unet: network } as unknown as HeldModel, shape, context, { guidanceScale });

  it("of the model's own features changes nothing", async () => {
    const context = tinyContext('y', 1);
    const { denoiser, recorder } = await compile(1, context);
    const { denoise, dispose } = await free(context, 1);
    const own = await denoiser.denoise(x, time, undefined, await recorder.record(x, time));
    expect(largestDifference(own, await denoise(x, time))).toBeLessThan(1e-6);
    for (const each of [denoiser, recorder, { dispose }]) await each.dispose();
  });

  it("of the source's features changes the prediction, with and without text alike", async () => {
    const rows = [tinyContext('y', 1), tinyContext('n', 1)];
    const context = ndArray('float32', [2, 5, 6], Float32Array.from(rows.flatMap(({ data }) => [...data])));
    const { denoiser, recorder } = await compile(3, context);
    const { denoise, dispose } = await free(context, 3);
    const source = await recorder.record(y, time);
    const injected = await denoiser.denoise(x, time, undefined, source);
    expect(largestDifference(injected, await denoise(x, time))).toBeGreaterThan(1e-3);
    const alone = await Promise.all(rows.map((row) => compile(1, row)));
    const [a, b] = await Promise.all(alone.map((each) => each.denoiser.denoise(x, time, undefined, source)));
    expect(largestDifference(injected, weightedSum([3, a!], [-2, b!]))).toBeLessThan(1e-5);
    for (const each of [denoiser, recorder, { dispose }]) await each.dispose();
    for (const each of alone) {
      await each.denoiser.dispose();
      await each.recorder.dispose();
    }
  });
});

describe('the choice of layers', () => {
  it.each([
    [decoder, 2],
    [{ ...decoder, skip: 1 }, 1],
    [{ ...decoder, parts: ['down', 'mid', 'up'] as const }, 4],
    [{ ...decoder, parts: ['down', 'mid', 'up'] as const, mostPlaces: 12 }, 1],
  ])('%o takes %d self-attentions', (choice, count) => {
    expect(chooseSelfAttentions(network.config, size, choice, 'outputs').length).toBe(count);
  });

  it('refuses layers and features that the UNet does not have, with a sentence', () => {
    const none = { ...decoder, mostPlaces: 4 };
    expect(() => chooseSelfAttentions(network.config, size, none, 'keys')).toThrow(
      'no self-attention in up of at most 4 places behind the first 0, for latents of 6 x 8',
    );
    expect(() => specifyFeatures(network.config, size, 5, ['up_blocks.7.output'])).toThrow(
      'the UNet has no feature "up_blocks.7.output"',
    );
  });
});
