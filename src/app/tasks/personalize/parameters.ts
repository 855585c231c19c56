import { z } from 'zod';
import { methodKinds } from '../../../methods/personalization/index.ts';
import { deviceParameters, hints, modelParameters, runParameters } from '../parameters/shared-parameters.ts';

const steps = (least: number) => z.int().min(least).max(1_000_000);

/** What `personalize` can be told. */
export const personalizeParameters = z.object({
  pictures: z
    .array(z.string().min(1))
    .min(1)
    .describe('Pictures of the subject, three to five, or a folder of them; cropped to squares')
    .meta(hints({ argument: true, item: 'picture', placeholder: 'file' })),
  method: z
    .enum(methodKinds)
    .default('custom-diffusion')
    .describe('What is learned: a word; the whole UNet; cross-attention and a word; low-rank updates'),
  token: z
    .string()
    .refine((word) => /^\S+$/.test(word), {
      error: ({ input }) => `one word without spaces is expected, got ${JSON.stringify(input)}`,
    })
    .optional()
    .describe(
      'What prompts call it: a new word such as <biscuit>, which is learned, or a rare one such as sks',
    )
    .meta(hints({ placeholder: 'word', defaultText: "the method's usual one" })),
  class: z
    .string()
    .trim()
    .min(1)
    .describe('What it is one of, such as cat')
    .meta(hints({ placeholder: 'word' })),
  output: z
    .string()
    .min(1)
    .describe('Folder of the concept')
    .meta(hints({ short: 'o', placeholder: 'folder' })),
  ...modelParameters,
  initializer: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe('Text whose meaning the learned word begins with')
    .meta(hints({ defaultText: 'the class, or a rare word' })),
  vectors: z
    .int()
    .min(1)
    .max(75)
    .default(1)
    .describe('Vectors that the learned word stands for')
    .meta(hints({ unit: 'vectors' })),
  rank: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe('Of a LoRA')
    .meta(hints({ defaultText: '4, or 8 with a small model' })),
  alpha: z
    .number()
    .min(0.01)
    .max(4096)
    .optional()
    .describe('Of a LoRA, whose updates count alpha / rank')
    .meta(hints({ defaultText: 'the rank' })),
  textEncoder: z.boolean().default(false).describe('The text encoder learns too (dreambooth, lora)'),
  captions: z
    .boolean()
    .default(false)
    .describe('Each picture has a caption in a text file of its name, with {} where the subject is named'),
  crop: z
    .enum(['centre', 'subject'])
    .optional()
    .describe('Which square of a picture is learned from')
    .meta(hints({ defaultText: 'centre' })),
  size: z
    .int()
    .multipleOf(8)
    .min(8)
    .max(4096)
    .optional()
    .describe('Side of the squares')
    .meta(hints({ unit: 'pixels', defaultText: "the model's own" })),
  steps: steps(1)
    .optional()
    .describe('Steps of learning')
    .meta(hints({ unit: 'steps', defaultText: "the method's" })),
  learningRate: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Of what is learned in the networks')
    .meta(hints({ defaultText: "the method's" })),
  priorPictures: z
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .describe('Pictures of the class that keep it as it is (prior preservation); 0 is without')
    .meta(hints({ unit: 'pictures', defaultText: "the method's" })),
  classPictures: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of real pictures of the class; what is missing is generated')
    .meta(hints({ placeholder: 'folder', defaultText: 'generated, and kept beside the output' })),
  seed: z
    .int()
    .min(0)
    .max(2 ** 52)
    .default(0)
    .describe('Start of all randomness: the same seed learns the same')
    .meta(hints({ short: 's' })),
  sampleEvery: steps(0)
    .default(100)
    .describe('Pictures of the concept after every so many steps; 0 is none')
    .meta(hints({ unit: 'steps' })),
  samplePrompts: z
    .array(z.string().min(1))
    .default([])
    .describe('What they show')
    .meta(hints({ item: 'samplePrompt', placeholder: 'text', defaultText: 'a photo of the concept' })),
  saveEvery: steps(1)
    .default(200)
    .describe('Steps between checkpoints; there is one on Ctrl-C too')
    .meta(hints({ unit: 'steps' })),
  ...runParameters,
  ...deviceParameters,
});

export type PersonalizeParameters = z.output<typeof personalizeParameters>;
