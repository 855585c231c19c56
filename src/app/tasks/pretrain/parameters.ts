import { z } from 'zod';
import { pocketRecipe, trainings, trialRecipe } from '../../../pocket/training/index.ts';
import { deviceParameters, hints } from '../parameters/shared-parameters.ts';

export const stages = [...trainings, 'assemble', 'report'] as const;

export const recipes = { pocket: pocketRecipe, trial: trialRecipe } as const;

/** What `pretrain` can be told. */
export const pretrainParameters = z.object({
  stage: z
    .enum(stages)
    .describe('What is trained, in this order; then the model is put together and judged')
    .meta(hints({ argument: true })),
  out: z
    .string()
    .min(1)
    .default('pocket-training')
    .describe('Folder of the trainings: states, logs, sample sheets; a training goes on from its state there')
    .meta(hints({ short: 'o', placeholder: 'folder' })),
  model: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of the model that assemble writes, and that report judges and writes the card of')
    .meta(
      hints({
        short: 'm',
        placeholder: 'folder',
        defaultText: 'for report, the built-in model, whose card stays as it is',
      }),
    ),
  start: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A model to begin with, in the place of random weights and of trainings that are not in the folder',
    )
    .meta(hints({ placeholder: 'folder' })),
  recipe: z
    .enum(Object.keys(recipes) as [keyof typeof recipes, ...(keyof typeof recipes)[]])
    .default('pocket')
    .describe('All settings: those of the built-in model, or a trial of seconds that learns next to nothing'),
  steps: z
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe('Steps in all; they can be more or fewer until the learning rate falls')
    .meta(hints({ unit: 'steps', defaultText: "the recipe's" })),
  saveMinutes: z
    .number()
    .min(0)
    .max(1440)
    .default(4)
    .describe('How often the whole state is saved; also at the end and on Ctrl-C')
    .meta(hints({ unit: 'minutes' })),
  sheetSteps: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2000)
    .describe('How often a sample sheet is made with the averaged weights; also at the end')
    .meta(hints({ unit: 'steps' })),
  scenes: z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('Held-out scenes that report judges by')
    .meta(hints({ unit: 'scenes' })),
  prompts: z
    .int()
    .min(2)
    .max(100_000)
    .default(200)
    .describe('Held-out prompts that report judges by')
    .meta(hints({ unit: 'prompts' })),
  ...deviceParameters,
});

export type PretrainParameters = z.output<typeof pretrainParameters>;
