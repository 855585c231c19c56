import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  flatten,
  full,
  type Minimized,
  type NdArray,
  ndArray,
  openDevice,
  randomKey,
  type StepEvent,
  type TrainingState,
  type Tree,
  zeros,
} from '../../../src/engine/index.ts';
import { noiseSchedule, stableDiffusionSchedule } from '../../../src/methods/diffusion/index.ts';
import {
  type EncodedScenes,
  latentStore,
  measureScalingFactor,
  pictureStore,
  type ReconstructionRecipe,
  trainings,
  trainReconstruction,
  trainUnet,
  trialRecipe,
} from '../../../src/pocket/training/index.ts';
import { encodeTrialScenes, trialNetworks, trialTrainings, untrained } from './trial-trainings.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
});
afterAll(() => device.close());

describe.each(trainings)('the training of %s', { timeout: 180_000 }, (training) => {
  const train = trialTrainings[training];

  test('decreases its loss, and goes on from a saved state as if it had never stopped, bit for bit', async () => {
    // All scenes in every step, or every fourth one where batches go by place; at a rate that does not fall.
    const changes = { steps: 24, sceneCount: 8, batchSize: 8, warmup: 1, decay: 1, learningRate: 1e-2 };
    const whole = await complete(await train(device, changes), 18);
    const losses = whole.losses.filter((_, step) => step % 4 === 0);
    expect(mean(losses.slice(-2))).toBeLessThan(0.95 * mean(losses.slice(0, 2)));
    const resumed = await complete(await train(device, changes, { resumeFrom: whole.saved! }));
    expect(resumed.losses).toEqual(whole.losses.slice(18));
    expect(flatten<NdArray>(resumed.result.state)).toEqual(flatten<NdArray>(whole.result.state));
    if (training === 'vision') {
      expect(Object.keys(resumed.result.variables)).toEqual(['vision', 'logit_scale']); // no text: it is frozen
    }
  });
});

test('the UNet is not trained for a scheduler of something else than v', async () => {
  const latent = zeros([1, 4, 8, 8]);
  const latents = latentStore({ mean: latent, deviation: latent, subject: zeros([1, 1, 8, 8]) }, 1);
  const { text } = untrained.clip;
  const events = trainUnet(
    device,
    { networks: trialNetworks, text, recipe: trialRecipe.unet, latents, schedule: noiseSchedule() },
    { key: randomKey(1) },
  );
  await expect(events.next()).rejects.toThrow('the scheduler says epsilon; set its prediction_type');
});

test('an error in the subject counts more, and nothing else does', async () => {
  const firstLoss = async (subjectWeight: number, share: number) => {
    const encoded = await encodeTrialScenes(device, 8, 8);
    const subject = full(encoded.subject.shape, share);
    const latents = latentStore({ ...encoded, subject }, 1);
    const schedule = noiseSchedule({ ...stableDiffusionSchedule, predictionType: 'v_prediction' });
    const { text } = untrained.clip;
    const recipe = { ...trialRecipe.unet, subjectWeight };
    const events = trainUnet(
      device,
      { networks: trialNetworks, text, recipe, latents, schedule },
      { key: randomKey(1) },
    );
    const first = await events.next();
    await events.return(undefined as never);
    return (first.value as StepEvent).loss;
  };
  const plain = await firstLoss(0, 1);
  expect(await firstLoss(3, 0)).toBeCloseTo(plain, 5);
  const [half, whole] = [await firstLoss(3, 0.5), await firstLoss(3, 1)];
  expect(half).toBeGreaterThan(1.1 * plain);
  expect(whole).toBeLessThan(4 * plain);
  expect(whole - plain).toBeCloseTo(2 * (half - plain), 4);
}, 240_000); // four UNets are differentiated

describe('encoded scenes', () => {
  test('are the same in batches of any size, and read by their numbers, scaled', async () => {
    const encoded = await encodeTrialScenes(device, 5, 2);
    const alone = await encodeTrialScenes(device, 4, 1);
    const { mean, deviation } = latentStore(encoded, 3).read([3, 1]);
    const size = mean.data.length / 2;
    for (const [read, whole] of [
      [mean, alone.mean],
      [deviation, alone.deviation],
    ] as const) {
      for (const [item, scene] of [3, 1].entries()) {
        for (let at = 0; at < size; at++) {
          expect(Number(read.data[item * size + at])).toBeCloseTo(
            3 * Number(whole.data[scene * size + at]),
            3,
          );
        }
      }
    }
  });

  test('tell where the subject is', async () => {
    const { subject, mean } = await encodeTrialScenes(device, 5, 2);
    const pictures = pictureStore('training', trialNetworks.vae.sampleSize, 'draw again');
    const masks = await pictures.readMasks([4, 2], mean.shape[3]!);
    const read = latentStore({ mean, deviation: mean, subject }, 3).readSubjects([4, 2]);
    expect(read.shape).toEqual([2, 1, ...mean.shape.slice(2)]);
    expect(read.data).toEqual(masks.data);
    expect(Math.max(...masks.data)).toBeGreaterThan(0.5);
  });

  test('times the scaling factor have the deviation 1', async () => {
    const encoded = await encodeTrialScenes(device, 5, 2);
    const factor = measureScalingFactor(encoded, 5);
    expect(factor).not.toBeCloseTo(1, 1);
    const { mean, deviation } = latentStore(encoded, factor).read([0, 1, 2, 3, 4]);
    expect(measureScalingFactor({ mean, deviation }, 5)).toBeCloseTo(1, 4);
  });
});

describe('the tuning of reconstructions', () => {
  test('decodes means of latents in the share that its recipe tells, and samples', async () => {
    const encoded = await encodeTrialScenes(device, 8, 8);
    const clear = { ...encoded, deviation: zeros(encoded.mean.shape) };
    const lossAt = (meanShare: number, latents = encoded) =>
      firstLoss({ meanShare, latentsWeight: 0 }, latents);
    const onMeans = await lossAt(0, clear);
    expect(await lossAt(1)).toBe(onMeans);
    const [onSamples, onBoth] = [await lossAt(0), await lossAt(0.5)];
    expect(new Set([onMeans, onSamples, onBoth]).size).toBe(3);
  });

  test('costs the squared distance of means and of deviations from where they were', async () => {
    const encoded = await encodeTrialScenes(device, 8, 8);
    const shifted = (array: NdArray, by: number) =>
      ndArray(
        'float32',
        array.shape,
        Float32Array.from(array.data as Float32Array, (value) => value + by),
      );
    const costOf = async (latents: EncodedScenes) => {
      const [held, free] = [
        await firstLoss({ meanShare: 1, latentsWeight: 4 }, latents),
        await firstLoss({ meanShare: 1, latentsWeight: 0 }, latents),
      ];
      return held - free;
    };
    expect(await costOf(encoded)).toBeCloseTo(0, 5);
    const { mean, deviation } = encoded;
    expect(await costOf({ ...encoded, mean: shifted(mean, 0.5) })).toBeCloseTo(1, 4);
    expect(await costOf({ ...encoded, deviation: shifted(deviation, 0.25) })).toBeCloseTo(0.25, 4);
  });

  async function firstLoss(changes: Partial<ReconstructionRecipe>, encoded: EncodedScenes) {
    const recipe = { ...trialRecipe.reconstruction, sceneCount: 8, batchSize: 8, ...changes };
    const pictures = pictureStore('training', trialNetworks.vae.sampleSize, 'keep');
    const events = trainReconstruction(
      device,
      {
        config: trialNetworks.vae,
        parameters: untrained.vae,
        recipe,
        pictures,
        latents: latentStore(encoded, 1),
      },
      { key: randomKey(1) },
    );
    const first = await events.next();
    await events.return(undefined as never);
    return (first.value as StepEvent).loss;
  }
});

/** Runs a training to its end; `saveAt` is the step whose state is kept. */
async function complete(events: AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>>, saveAt?: number) {
  const losses: number[] = [];
  let saved: TrainingState | undefined;
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    losses.push(next.value.loss);
    if (next.value.step === saveAt) saved = await next.value.save();
  }
  const result = { variables: await next.value.variables(), state: await next.value.save() };
  await next.value.dispose();
  return { losses, saved, result };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
