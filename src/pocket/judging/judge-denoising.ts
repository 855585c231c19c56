import { fold, ndArray, normal, Owner, spec } from '../../engine/index.ts';
import { arrayFromPictures } from '../../files/images/index.ts';
import {
  addNoise,
  compileImageEncoder,
  compileNetwork,
  type NoiseSchedule,
  type PromptedModel,
  timestep,
  trainingTarget,
  weightedSum,
} from '../../methods/diffusion/index.ts';
import { mean } from '../../methods/evaluation/index.ts';
import { unet } from '../../networks/unet/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import { drawHeldOut, heldOutPrompt } from './held-out-scenes.ts';
import { type JudgingEvent, judgedEvent, type NoisedJudging } from './judging-event.ts';
import { promptContexts } from './prompt-contexts.ts';

export interface DenoisingQuality {
  readonly count: number;
  /** Mean squared error of what the UNet predicts: ε, v or x₀, as the schedule says. About 1 if it predicts 0. */
  readonly error: number;
}

/**
 * How well the UNet denoises held-out scenes (the means of their latents) under their prompts. Each is noised to one
 * timestep; these spread evenly over the whole schedule, and all count alike.
 */
export async function* judgeDenoising(
  prompted: PromptedModel,
  { count = 500, schedule, key, signal }: NoisedJudging,
): AsyncGenerator<JudgingEvent, DenoisingQuality> {
  const { device, vae, unet: network, textEncoder } = prompted.model;
  const { sampleSize: size, latentChannels, scalingFactor } = vae.config;
  const side = size / pixelsPerCell(vae.config);
  const shape = [1, latentChannels, side, side];
  await using owner = new Owner();
  const images = [1, vae.config.inputChannels, size, size];
  const encoder = owner.use(await compileImageEncoder({ device, vae }, images));
  const program = owner.use(
    await compileNetwork(
      device,
      network,
      (parameters, { sample, timestep, encoderHiddenStates }) => ({
        predicted: unet(parameters, network.config, { sample, timestep, encoderHiddenStates }),
      }),
      {
        sample: spec(shape),
        timestep: spec([1]),
        encoderHiddenStates: spec([1, prompted.tokenizer.length, textEncoder.config.hiddenSize]),
      },
    ),
  );
  const prompts = Array.from({ length: count }, (_, index) => heldOutPrompt(index));
  const contexts = await promptContexts(prompted, prompts);
  const errors: number[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const { picture } = await drawHeldOut(index, size);
    const encoded = await encoder.encode(arrayFromPictures([picture]), signal);
    const noisy = {
      clean: weightedSum([scalingFactor, encoded.mean]),
      noise: normal(fold(key, index), shape),
      timesteps: [timeOf(index, schedule)],
    };
    const inputs = {
      sample: addNoise(schedule, noisy),
      timestep: ndArray('float32', [1], Float32Array.from(noisy.timesteps)),
      encoderHiddenStates: contexts.get(prompts[index]!)!,
    };
    const { predicted } = await program.run(inputs, network.parameters);
    const target = trainingTarget(schedule, noisy).data;
    errors.push(mean(Array.from(target, (value, i) => ((predicted!.data[i] as number) - value) ** 2)));
    yield judgedEvent(index + 1, count);
  }
  return { count, error: mean(errors) };
}

/** Multiples of the golden ratio: any number of them lies evenly (Weyl 1916). */
const timeOf = (index: number, { alphasCumprod }: NoiseSchedule) =>
  timestep(Math.floor((((index * (Math.sqrt(5) - 1)) / 2) % 1) * alphasCumprod.length));
