import { dirname, join } from 'node:path';
import { type Device, type NdArray, ndArray, openDevice, sgd, unflatten } from '../../src/engine/index.ts';
import {
  type HeldNetwork,
  type Latents,
  levelAt,
  noiseSchedule,
  noiseTo,
  type PredictionType,
  stableDiffusionSchedule,
  timestep,
  weightedSum,
} from '../../src/methods/diffusion/index.ts';
import { hostOptimizer } from '../../src/methods/editing/delta-denoising/host-optimizer.ts';
import { type BranchPredictor, compileBranches, ddsGradient } from '../../src/methods/editing/index.ts';
import type { UnetConfig } from '../../src/networks/unet/index.ts';
import { type Arrays, compareArrays, read, readModel } from './model-folder.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

const tolerances = { gradient: 1e-3, afterSeveralSteps: 1e-2 };

const models: Readonly<Record<'epsilon' | 'v_prediction', string>> = {
  epsilon: 'unet_sd1',
  v_prediction: 'unet_sd2',
};

/**
 * Compares the delta denoising score with prompt-to-prompt's DDS_zeroshot notebook, for the models beside the folder:
 * gradients at given times and noises, then steps of gradient descent; guidance 7.5 in both branches.
 */
export async function* compareDds(folder: string): AsyncGenerator<ParityResult> {
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  const device = await openDevice('cpu');
  try {
    for (const [type, model] of Object.entries(models) as [PredictionType, string][]) {
      const network = await holdUnet(device, join(dirname(folder), model));
      const { predict } = await compileBranches(
        device,
        {
          target: { network, context: conditionalFirst(read(golden, `${type}.text_emb_target`)) },
          source: { network, context: conditionalFirst(read(golden, `${type}.text_emb_source`)) },
        },
        read(golden, `${type}.z_source`).shape,
      );
      yield* compareGradients(golden, type, predict);
      yield* compareSteps(golden, type, predict);
    }
  } finally {
    await device.close();
  }
}

async function* compareGradients(golden: Arrays, type: PredictionType, predict: BranchPredictor) {
  const source = read(golden, `${type}.z_source`) as Latents;
  const target = read(golden, `${type}.z_target`) as Latents;
  for (const time of [60, 500, 930]) {
    const name = (what: string) => `${type}.t${time}.${what}`;
    const noise = read(golden, name('eps')) as Latents;
    const { gradient, predictions } = await gradientAt(type, predict, { target, source }, time, noise);
    const { epsilon, clean } = predictions.target;
    const noisy = noiseTo(levelAt(scheduleOf(type), time), target, noise);
    const distilled = weightedSum([1, epsilon], [-1, noise]); // the score distillation that DDS corrects
    const [, , height, width] = target.shape as [number, number, number, number];
    const perCell = 1 / (height * width);
    const found: Readonly<Record<string, Latents | number>> = {
      z_t_target: noisy,
      eps_pred_target: epsilon,
      pred_z0_target: clean,
      dds_grad_z_target: weightedSum([perCell, gradient]),
      dds_loss: perCell * dot(target, gradient),
      dds_log_loss: dot(gradient, gradient) / gradient.data.length,
      sds_grad_z: weightedSum([perCell, distilled]),
      sds_loss: perCell * dot(target, distilled),
      sds_log_loss: dot(distilled, distilled) / distilled.data.length,
    };
    for (const [what, ours] of Object.entries(found)) {
      const theirs = read(golden, name(what));
      yield typeof ours === 'number'
        ? compareNumbers(name(what), [ours], theirs.data as Float32Array, tolerances.gradient)
        : compareArrays(name(what), ours, theirs, tolerances.gradient);
    }
  }
}

/** Gradient descent from the source, at a rate of 0.1 on 2000 · Σ / (H · W). */
async function* compareSteps(golden: Arrays, type: PredictionType, predict: BranchPredictor) {
  const source = read(golden, `${type}.z_source`) as Latents;
  const times = read(golden, `${type}.sgd.timesteps`).data as BigInt64Array;
  const [noises, expected] = ['eps', 'z_after_step'].map((what) => read(golden, `${type}.sgd.${what}`));
  const [, , height, width] = source.shape as [number, number, number, number];
  const optimizer = hostOptimizer(sgd(), source.shape);
  let latents = source;
  for (const [step, time] of times.entries()) {
    const noise = item(noises!, step);
    const { gradient } = await gradientAt(type, predict, { target: latents, source }, Number(time), noise);
    const learningRate = (0.1 * 2000) / (height * width);
    const moments = optimizer.initialMoments;
    latents = optimizer.advance({
      variable: latents,
      gradient,
      moments,
      step: step + 1,
      learningRate,
    }).variable;
    const name = `${type}.sgd.z_after_step ${step + 1}`;
    yield compareArrays(name, latents, item(expected!, step), tolerances.afterSeveralSteps);
  }
}

const gradientAt = (
  type: PredictionType,
  predict: BranchPredictor,
  latents: { readonly target: Latents; readonly source: Latents },
  time: number,
  noise: Latents,
) =>
  ddsGradient(predict, latents, {
    schedule: scheduleOf(type),
    timestep: timestep(time),
    noise,
    guidanceScale: { target: 7.5, source: 7.5 },
    weighting: 'constant',
  });

const scheduleOf = (predictionType: PredictionType) =>
  noiseSchedule({ ...stableDiffusionSchedule, predictionType });

async function holdUnet(device: Device, folder: string): Promise<HeldNetwork<UnetConfig>> {
  const { config, parameters: arrays } = readModel('unet', folder);
  const parameters = await device.hold(arrays);
  return { config, parameters, specs: unflatten(parameters.leaves()) };
}

/** [1, 2, tokens, size] with the unconditional text first → [2, tokens, size] with it last. */
function conditionalFirst({ shape, data }: NdArray): Latents {
  const half = data.length / 2;
  const values = data as Float32Array;
  const swapped = Float32Array.from([...values.subarray(half), ...values.subarray(0, half)]);
  return ndArray('float32', shape.slice(1), swapped);
}

function item({ shape: [, ...shape], data }: NdArray, index: number): Latents {
  const size = shape.reduce((product, side) => product * side, 1);
  return ndArray('float32', shape, (data as Float32Array).slice(index * size, (index + 1) * size));
}

const dot = (a: Latents, b: Latents): number =>
  a.data.reduce((sum, value, index) => sum + value * b.data[index]!, 0);
