import { z } from 'zod';
import { type SamplerName, samplerNames, samplers } from '../../../methods/diffusion/index.ts';
import { type UsualSampling, usualSampling } from '../../models/usual-sampling.ts';
import {
  deviceParameters,
  hints,
  memoryParameters,
  modelParameters,
} from '../parameters/shared-parameters.ts';

/** Those that make pictures of noise. */
const samplerChoices = samplerNames.filter((name) => samplers[name].direction === 'to-data');

/** Of image to image, where nothing else is asked for. */
export const usualStrength = 0.75;

const { 'SD 1.x': usual, pocket: small } = usualSampling;

const sizeText = "the model's own, in the shape of a picture that is started from";

const side = z.int().multipleOf(8).min(8).max(8192).optional();

/** What `generate` can be told; flags, help, form fields and checks derive from this. */
export const generateParameters = z.object({
  prompt: z
    .string()
    .trim()
    .min(1)
    .describe('What the picture shows')
    .meta(hints({ argument: true, placeholder: 'text' })),
  negativePrompt: z
    .string()
    .default('')
    .describe('What it does not show')
    .meta(hints({ short: 'n', placeholder: 'text' })),
  concepts: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Learned concept: embedding, LoRA, Custom Diffusion or DreamBooth model, a path or an id on the hub (organisation/name or organisation/name/file); file:0.8 scales a LoRA',
    )
    .meta(hints({ short: 'c', item: 'concept', placeholder: 'file[:scale]' })),
  image: z
    .string()
    .min(1)
    .optional()
    .describe('Picture to start from instead of noise: image to image')
    .meta(hints({ short: 'i', placeholder: 'file', defaultText: 'none' })),
  strength: z
    .number()
    .min(0.01)
    .max(1)
    .optional()
    .describe('How far that picture is changed: the share of the steps that are taken; 1 leaves little of it')
    .meta(hints({ defaultText: `${usualStrength} with a picture` })),
  seed: z
    .int()
    .min(0)
    .max(2 ** 52)
    .optional()
    .describe('Start of all randomness: the same seed makes the same picture; further pictures add 1')
    .meta(hints({ short: 's', defaultText: 'random' })),
  count: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('Pictures to make')
    .meta(hints({ unit: 'pictures' })),
  batch: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Pictures made at a time: more is faster on a GPU, and takes more memory')
    .meta(hints({ unit: 'pictures' })),
  width: side.describe('Width of the picture').meta(hints({ unit: 'pixels', defaultText: sizeText })),
  height: side.describe('Height of the picture').meta(hints({ unit: 'pixels', defaultText: sizeText })),
  steps: z
    .int()
    .min(1)
    .max(1000)
    .default(30)
    .describe('Denoising steps')
    .meta(hints({ unit: 'steps' })),
  sampler: z
    .enum(samplerChoices as [SamplerName, ...SamplerName[]])
    .optional()
    .describe('How the steps are taken')
    .meta(hints({ defaultText: `${usual.sampler}, or ${small.sampler} with a small model` })),
  sigmas: z
    .enum(['schedule', 'karras'])
    .default('schedule')
    .describe(
      'Noise levels of the steps: those of the schedule, or those of Karras et al. (dpm-solver++, euler)',
    ),
  guidanceScale: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('How closely the prompt is followed; 1 is without guidance and twice as fast')
    .meta(
      hints({
        short: 'g',
        defaultText: `${usual.guidanceScale}, or ${small.guidanceScale} with a small model`,
      }),
    ),
  guidanceRescale: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Keeps strong guidance from overexposing; 0.7 is usual for models of v-prediction'),
  output: z
    .string()
    .min(1)
    .default('.')
    .describe('Folder for the pictures, or a name that ends in .png; nothing is overwritten')
    .meta(hints({ short: 'o', placeholder: 'path' })),
  force: z.boolean().default(false).describe('Overwrite files'),
  settings: z
    .boolean()
    .default(true)
    .describe('Prompt, seed and all settings in the PNG, where inspect and other tools read them'),
  ...memoryParameters,
  ...modelParameters,
  ...deviceParameters,
});

export type GenerateParameters = z.output<typeof generateParameters>;

/** With what was left to the model. */
export type DecidedParameters = GenerateParameters & UsualSampling;
