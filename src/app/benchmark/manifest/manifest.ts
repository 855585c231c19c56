import { z } from 'zod';
import { suiteNames } from '../plan/variants.ts';

/** Names become parts of titles and files. */
const name = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u,
    'a name is made of letters, digits, dots, hyphens and underscores',
  );

const path = z.string().min(1);

const conceptSchema = z
  .strictObject({
    name,
    /** What it is one of, as prompts have it: `cat`, `stuffed animal`. Sources of the same class are edited into it. */
    classWord: z.string().trim().min(1),
    /** What prompts call it where a method learns a word: `<cat-1>`. */
    placeholder: z.string().regex(/^<[^<>\s]+>$/, 'a placeholder is a word in angle brackets, <cat-1>'),
    /** Folder of its pictures; of `00.jpg` the mask, where its subject is white, may lie beside as `00.mask.png`. */
    references: path,
  })
  .readonly();

const rightEditSchema = z
  .strictObject({
    picture: path,
    /** White where its subject is. */
    mask: path.optional(),
  })
  .readonly();

const sourceSchema = z
  .strictObject({
    name,
    /** The class word of its subject. */
    classWord: z.string().trim().min(1),
    picture: path,
    /** What the picture shows: `a photo of a cat on the grass`. */
    prompt: z.string().trim().min(1),
    /** What it should show; `{concept}` stands for all that names the concept: `a photo of a {concept} on the grass`. */
    targetPrompt: z
      .string()
      .refine((text) => text.includes('{concept}'), '{concept} has to stand where the concept is named'),
    /** White where its subject is; variants with the true mask need it. */
    mask: path.optional(),
    /** Concepts that it is edited into. Default: all of its class. */
    concepts: z.array(name).min(1).readonly().optional(),
    /** The right edits, where they are known, by concept. */
    oracles: z.record(z.string(), rightEditSchema).readonly().optional(),
  })
  .readonly();

/**
 * What a benchmark is made of, a JSON file; paths are relative to its folder. docs/benchmark.md describes it.
 */
export const manifestSchema = z
  .strictObject({
    format: z.literal('dreamsteerer benchmark 1'),
    title: z.string().trim().min(1),
    /** What is measured on it. `one-shot` takes the first picture of each concept alone. */
    suites: z.array(z.enum(suiteNames)).min(1).readonly(),
    concepts: z.array(conceptSchema).min(1).readonly(),
    sources: z.array(sourceSchema).min(1).readonly(),
  })
  .readonly();

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestConcept = Manifest['concepts'][number];
export type ManifestSource = Manifest['sources'][number];
