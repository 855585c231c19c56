import { z } from 'zod';
import { baselineNames } from '../../benchmark/plan/benchmark-settings.ts';
import { suiteNames, variantNames } from '../../benchmark/plan/variants.ts';
import {
  deviceParameters,
  hints,
  memoryParameters,
  modelParameters,
} from '../parameters/shared-parameters.ts';

/** A list of names, each of a closed list. */
const names = <const N extends string>(allowed: readonly N[], what: string, item: string) =>
  z
    .array(z.string())
    .superRefine((given, context) => {
      const unknown = given.find((each) => !(allowed as readonly string[]).includes(each));
      if (unknown === undefined) return;
      context.addIssue({
        code: 'custom',
        message: `there is no ${item} ${JSON.stringify(unknown)}; there are ${allowed.join(', ')}`,
      });
    })
    .default([])
    .describe(`${what}: ${allowed.join(', ')}`)
    .meta(hints({ item, placeholder: 'name', defaultText: 'all' }));

/** What `bench` can be told. */
export const benchParameters = z.object({
  manifest: z
    .string()
    .min(1)
    .describe('What is edited into what, a file that "bench init" writes')
    .meta(hints({ argument: true, placeholder: 'file' })),
  output: z
    .string()
    .min(1)
    .default('benchmark')
    .describe('Folder for results and report; what is done there already is not done again')
    .meta(hints({ short: 'o', placeholder: 'folder' })),
  suites: names(suiteNames, 'What is compared, of what the manifest is for', 'suite'),
  baselines: names(baselineNames, 'How concepts are learned', 'baseline'),
  methods: names(variantNames, 'Ways of editing, of those of a suite', 'method'),
  seeds: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('How often each source is edited, with randomness of its own')
    .meta(hints({ unit: 'seeds' })),
  firstSeed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(0)
    .describe('The first of them; settings are tuned on other seeds than those reported'),
  limit: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Cases (concept, source, seed) of a suite at most, of as many concepts as there are')
    .meta(hints({ unit: 'cases', defaultText: 'all' })),
  shard: z
    .string()
    .min(1)
    .optional()
    .describe('The part of the work that this machine does, such as 2/4')
    .meta(hints({ placeholder: 'i/n', defaultText: 'all of it' })),
  quick: z
    .boolean()
    .default(false)
    .describe('A sample in minutes to see that all works: two cases, few steps; its figures mean nothing'),
  settings: z
    .string()
    .min(1)
    .optional()
    .describe('JSON file of settings that are to be different: training, steering, editing, classBias')
    .meta(hints({ placeholder: 'file', defaultText: 'the usual settings' })),
  clips: z
    .array(z.string().min(1))
    .default([])
    .describe('CLIP model that concept similarity is measured with, a folder or an id of the hub')
    .meta(
      hints({ item: 'clip', placeholder: 'folder or id', defaultText: "the model's own, if it has one" }),
    ),
  ...modelParameters,
  ...deviceParameters,
  ...memoryParameters,
});

export type BenchParameters = z.output<typeof benchParameters>;
