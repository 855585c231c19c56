import { z } from 'zod';
import {
  deviceParameters,
  hints,
  modelParameters,
  runParameters,
  seedParameter,
} from '../parameters/shared-parameters.ts';
import { variantsProblem } from './edit-variants.ts';

const pixels = z.number().min(-4096).max(4096).optional();

/** What `edit` can be told. */
export const editParameters = z.object({
  picture: z
    .string()
    .min(1)
    .describe('The photo to edit: PNG, JPEG, WebP, TIFF or AVIF of any size; it is not changed')
    .meta(hints({ argument: true, placeholder: 'file' })),
  sourcePrompt: z
    .string()
    .trim()
    .min(1)
    .describe('What the photo shows: "a photo of a cat on the grass"')
    .meta(hints({ placeholder: 'text' })),
  prompt: z
    .string()
    .trim()
    .min(1)
    .describe('What it should show: "a photo of a <biscuit> cat on the grass"')
    .meta(hints({ short: 'p', placeholder: 'text' })),
  negativePrompt: z
    .string()
    .default('')
    .describe('What is led away from')
    .meta(hints({ short: 'n', placeholder: 'text' })),
  concept: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The learned subject: embedding, LoRA (file:0.8 scales it), Custom Diffusion or DreamBooth model, a path or an id on the hub (organisation/name or organisation/name/file)',
    )
    .meta(hints({ short: 'c', placeholder: 'path or id', defaultText: 'none, the prompts alone decide' })),
  ...modelParameters,
  output: z
    .string()
    .min(1)
    .describe('Folder for the picture, its mask, the sheet and run.json')
    .meta(hints({ short: 'o', placeholder: 'folder' })),
  variants: z
    .array(z.string().min(1))
    .default(['full'])
    .superRefine((texts, context) => {
      const message = variantsProblem(texts);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .describe('Ways of editing to compare: dds, dds-s, dds-sm, full, with commas between')
    .meta(hints({ item: 'variants', placeholder: 'names', defaultText: 'full' })),
  steer: z.boolean().default(true).describe('Steering the concept to the photo; full is then as dds-sm'),
  subject: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe('Words of the source prompt that name what is to be changed')
    .meta(hints({ placeholder: 'words', defaultText: 'found from the two prompts' })),
  mask: z
    .string()
    .min(1)
    .optional()
    .describe('Picture as large as the photo, white where it may be changed')
    .meta(
      hints({ placeholder: 'file', defaultText: 'found from the attention of the subject', off: 'none' }),
    ),
  grow: pixels
    .describe('By how much the mask grows; negative shrinks it')
    .meta(hints({ unit: 'pixels', defaultText: 'one cell of the model for a found mask' })),
  feather: z
    .number()
    .min(0)
    .max(4096)
    .optional()
    .describe('Over how much the mask falls to nothing, outwards')
    .meta(hints({ unit: 'pixels', defaultText: 'one cell of the model for a found mask' })),
  context: z
    .number()
    .min(0)
    .max(10)
    .default(0.25)
    .describe('Room around the subject that the model sees, as a share of its size'),
  size: z
    .int()
    .multipleOf(8)
    .min(8)
    .max(4096)
    .optional()
    .describe('Side of the square around the subject as the model sees it')
    .meta(hints({ unit: 'pixels', defaultText: "the model's own" })),
  seed: seedParameter
    .describe('Start of all randomness: the same seed makes the same picture')
    .meta(hints({ short: 's', defaultText: 'random' })),
  fast: z.boolean().default(false).describe('A quarter of the usual steps'),
  best: z.boolean().default(false).describe('Twice the usual steps'),
  steps: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Steps of the edit: more go further from the photo')
    .meta(hints({ unit: 'steps', defaultText: '200, or 100 with a small model' })),
  steerWhat: z
    .enum(['concept', 'lora'])
    .default('concept')
    .describe('What is steered: what the concept learned, or a LoRA beside it, which takes less memory'),
  steerSteps: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Steps of steering')
    .meta(hints({ unit: 'steps', defaultText: '60, or 30 with a small model' })),
  guidedImages: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Pictures of the concept in the layout of the photo that steering learns from')
    .meta(hints({ unit: 'pictures', defaultText: '4' })),
  guidanceScale: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('How closely the prompts are followed')
    .meta(hints({ short: 'g', defaultText: '7.5, or 1.5 with a small model' })),
  stepSize: z
    .number()
    .min(0)
    .max(10)
    .optional()
    .describe('How far each step goes')
    .meta(hints({ defaultText: '0.049, or 0.1 with a small model' })),
  previewEvery: z
    .int()
    .min(0)
    .max(10_000)
    .default(50)
    .describe('Shows the picture after every so many steps; 0 never')
    .meta(hints({ unit: 'steps' })),
  saveEvery: z
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe('How often steering is saved, so that it can be gone on with')
    .meta(hints({ unit: 'steps' })),
  saveSteered: z.boolean().default(false).describe('Keep the steered concept, in the folder steered'),
  steeredAs: z
    .enum(['concept', 'lora'])
    .default('concept')
    .describe('Its form: as the concept that was steered, or a LoRA, which every tool loads'),
  recipe: z.boolean().default(true).describe('The recipe in the PNG, where inspect and other tools read it'),
  ...runParameters,
  ...deviceParameters,
});

export type EditParameters = z.output<typeof editParameters>;
