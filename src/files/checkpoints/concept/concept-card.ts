import { z } from 'zod';

/** What of a LoRA's network gets low-rank updates. */
export const loraTargets = [
  'attention',
  'cross-attention',
  'feed-forward',
  'projections',
  'convolutions',
] as const;

/** How a concept is personalized, and with which choices; every method is a kind of its own. */
const methodSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('textual-inversion') }).readonly(),
  z
    .strictObject({
      kind: z.literal('dreambooth'),
      /** `trained`: the whole text encoder learns too. */
      textEncoder: z.enum(['frozen', 'trained']),
    })
    .readonly(),
  z
    .strictObject({
      kind: z.literal('custom-diffusion'),
      /** Which projections of each cross-attention learn. */
      projections: z.enum(['keys and values', 'all']),
    })
    .readonly(),
  z
    .strictObject({
      kind: z.literal('lora'),
      rank: z.int().positive(),
      /** Updates are multiplied by alpha / rank. */
      alpha: z.number().positive(),
      targets: z.array(z.enum(loraTargets)).min(1).readonly(),
      /** `trained`: the attentions of the text encoder get updates too. */
      textEncoder: z.enum(['frozen', 'trained']),
    })
    .readonly(),
]);

const tokenSchema = z
  .strictObject({
    /** As prompts have it: `<biscuit>`. */
    word: z.string().min(1),
    /** How many embedding vectors it stands for. */
    vectors: z.int().min(1).max(75),
    /** The text whose embedding it began as. */
    initializer: z.string().min(1),
  })
  .readonly();

/** JSON, as settings are made of. */
const jsonSchema = z.json();

export const conceptCardSchema = z
  .strictObject({
    format: z.literal('dreamsteerer concept 1'),
    method: methodSchema,
    /** The model it was learned on; the hash is that of `hashModel`. */
    base: z.strictObject({ name: z.string(), hash: z.string() }).readonly(),
    /** Words whose vectors were learned; none where a rare word of the vocabulary stands for the concept. */
    tokens: z.array(tokenSchema).readonly(),
    /** What it is called in prompts, `<biscuit> cat`. */
    phrase: z.string().min(1),
    /** What it is one of, `cat`. */
    classWord: z.string().min(1),
    steps: z.int().nonnegative(),
    seed: z.int().nonnegative(),
    /** Everything else that the training was told. */
    training: z.record(z.string(), jsonSchema).readonly(),
  })
  .readonly();

/** What a concept is and how it was made, as it is written beside its weights. */
export type ConceptCard = z.infer<typeof conceptCardSchema>;

export type MethodSettings = ConceptCard['method'];
export type MethodKind = MethodSettings['kind'];
export type ConceptToken = ConceptCard['tokens'][number];
export type LoraTarget = (typeof loraTargets)[number];
