import { z } from 'zod';
import type { ParameterHints } from '../task.ts';

/** Hints for a parameter's `meta`, checked. */
export const hints = (hints: ParameterHints): Record<string, unknown> => ({ ...hints });

/** Which model a task works with. */
export const modelParameters = {
  model: z
    .string()
    .min(1)
    .optional()
    .describe('Diffusers folder, single file (.safetensors, .ckpt) or id on the hub (organisation/name)')
    .meta(hints({ short: 'm', placeholder: 'path or id', defaultText: 'the built-in model' })),
  variant: z
    .enum(['full', 'fp16'])
    .default('full')
    .describe('Which weights are taken of a model that has both'),
  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of a tokenizer, or of a model that has one, for single files, which have none')
    .meta(hints({ placeholder: 'folder', defaultText: "the model's own" })),
  prediction: z
    .enum(['epsilon', 'v_prediction'])
    .optional()
    .describe('What the UNet predicts, the noise or the velocity, if files do not tell or tell it wrongly')
    .meta(hints({ defaultText: "as the model's files tell" })),
} as const;

/** Where it is computed. */
export const deviceParameters = {
  device: z
    .enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'])
    .default('auto')
    .describe('Where it is computed; doctor lists what there is'),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe('Processor threads')
    .meta(hints({ unit: 'threads', defaultText: 'all cores' })),
} as const;

/** Of tasks that may take more memory than there is. */
export const memoryParameters = {
  memoryCheck: z
    .boolean()
    .default(true)
    .describe('The estimate of the memory that it takes, and the refusal of what will not fit'),
} as const;

/** Of tasks that take long enough to be broken off. */
export const runParameters = {
  resume: z
    .boolean()
    .default(false)
    .describe('Go on where the same command was broken off, to the same bits'),
  force: z.boolean().default(false).describe('Overwrite files, and begin anew where a run was broken off'),
  ...memoryParameters,
} as const;

export const seedParameter = z
  .int()
  .min(0)
  .max(2 ** 52)
  .optional();
