import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import {
  parseSchedulerConfig,
  readScheduler,
  type SamplerSettings,
  type Scheduler,
  startSampler,
} from '../../../methods/diffusion/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { TaskError } from '../task.ts';
import type { GenerateParameters } from './parameters.ts';

/** What is decided before anything is loaded. */
export interface PicturePlan {
  readonly scheduler: Scheduler;
  readonly steps: number;
  /** Calls of the UNet for each batch; some samplers make more than one a step. */
  readonly stepsPerBatch: number;
  readonly width: number;
  readonly height: number;
  /** The seeds of the pictures that are made at a time. */
  readonly batches: readonly (readonly number[])[];
}

/** Where config.json has no sample_size: 64 cells, 512 pixels, as Stable Diffusion 1.x was trained. */
const USUAL_CELLS = 64;

/** @throws a sentence for a sampler that lacks what is asked for, or more steps than the schedule has */
export function planPictures(
  parameters: GenerateParameters,
  { unet, vae, schedulerConfig }: StableDiffusion,
  seeds: readonly number[],
): PicturePlan {
  const { steps, batch } = parameters;
  const own = (unet.config.sampleSize ?? USUAL_CELLS) * pixelsPerCell(vae.config);
  const { schedule, sampler } = readScheduler(parseSchedulerConfig(schedulerConfig), parameters.sampler);
  const scheduler = { schedule, sampler: withSigmas(sampler, parameters.sigmas) };
  return {
    scheduler,
    steps,
    stepsPerBatch: startSampler(schedule, scheduler.sampler, { steps }).steps.length,
    width: parameters.width ?? own,
    height: parameters.height ?? own,
    batches: Array.from({ length: Math.ceil(seeds.length / batch) }, (_, index) =>
      seeds.slice(index * batch, (index + 1) * batch),
    ),
  };
}

/** As the sampler's configuration says, unless Karras' are asked for. */
function withSigmas(sampler: SamplerSettings, sigmas: GenerateParameters['sigmas']): SamplerSettings {
  if (sigmas === 'schedule') return sampler;
  if ('sigmas' in sampler.options) {
    return { ...sampler, options: { ...sampler.options, sigmas } } as SamplerSettings;
  }
  throw new TaskError(
    `sigmas: the sampler ${sampler.name} has its own noise levels, karras is for dpm-solver++ and euler; choose one of them`,
  );
}
