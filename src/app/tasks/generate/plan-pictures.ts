import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import type { Picture } from '../../../files/images/index.ts';
import {
  parseSchedulerConfig,
  readScheduler,
  type SamplerSettings,
  type Scheduler,
  startSampler,
} from '../../../methods/diffusion/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { ParameterError } from '../task.ts';
import { type DecidedParameters, type GenerateParameters, usualStrength } from './parameters.ts';
import { sizeLike } from './source-picture.ts';

/** What is decided before anything is loaded. */
export interface PicturePlan {
  readonly scheduler: Scheduler;
  readonly steps: number;
  /** The share of the steps that is walked: 1 from noise, less from a picture. */
  readonly strength: number;
  /** Calls of the UNet for each batch; some samplers make more than one a step. */
  readonly stepsPerBatch: number;
  readonly width: number;
  readonly height: number;
  /** The side of the pictures that the model was trained on. */
  readonly own: number;
  /** The seeds of the pictures that are made at a time. */
  readonly batches: readonly (readonly number[])[];
}

/** Where config.json has no sample_size: 64 cells, 512 pixels, as Stable Diffusion 1.x was trained. */
const USUAL_CELLS = 64;

/** @throws a sentence for a sampler that lacks what is asked for, or more steps than the schedule has */
export function planPictures(
  parameters: DecidedParameters,
  { unet, vae, schedulerConfig }: StableDiffusion,
  seeds: readonly number[],
  source: Pick<Picture, 'height' | 'width'> | undefined,
): PicturePlan {
  const { steps, batch } = parameters;
  requireLatentsOnly(unet.config.inputChannels, vae.config.latentChannels);
  const own = (unet.config.sampleSize ?? USUAL_CELLS) * pixelsPerCell(vae.config);
  const { schedule, sampler } = readScheduler(parseSchedulerConfig(schedulerConfig), parameters.sampler);
  const scheduler = { schedule, sampler: withSigmas(sampler, parameters.sigmas) };
  const strength = source === undefined ? 1 : (parameters.strength ?? usualStrength);
  return {
    scheduler,
    steps,
    strength,
    own,
    stepsPerBatch: startSampler(schedule, scheduler.sampler, { steps, strength }).steps.length,
    ...(source === undefined
      ? { width: parameters.width ?? own, height: parameters.height ?? own }
      : sizeLike(source, parameters, own)),
    batches: Array.from({ length: Math.ceil(seeds.length / batch) }, (_, index) =>
      seeds.slice(index * batch, (index + 1) * batch),
    ),
  };
}

/** Models for inpainting also see a mask and what is around it, models of depth a depth map. */
function requireLatentsOnly(inputs: number, latents: number): void {
  if (inputs === latents) return;
  throw new ParameterError(
    'model',
    `its UNet sees ${inputs} channels, the ${latents} of the latents and ${inputs - latents} more (a mask or a map), which generate has nothing for; choose a text-to-image model`,
  );
}

/** As the sampler's configuration says, unless Karras' are asked for. */
function withSigmas(sampler: SamplerSettings, sigmas: GenerateParameters['sigmas']): SamplerSettings {
  if (sigmas === 'schedule') return sampler;
  if ('sigmas' in sampler.options) {
    return { ...sampler, options: { ...sampler.options, sigmas } } as SamplerSettings;
  }
  throw new ParameterError(
    'sigmas',
    `the sampler ${sampler.name} has its own noise levels, karras is for dpm-solver++ and euler; choose one of them`,
  );
}
