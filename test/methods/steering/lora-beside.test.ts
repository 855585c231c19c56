import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  mapTree,
  type NdArray,
  openDevice,
  randomKey,
  type Source,
  type Tensor,
  type Tree,
} from '../../../src/engine/index.ts';
import {
  conceptOfLearned,
  type Learned,
  learnedAsLora,
  networkSources,
  type PersonalizationBase,
  readFloats,
} from '../../../src/methods/personalization/index.ts';
import { learnedInMemory } from '../../../src/methods/steering/index.ts';
import { steeredParameters } from '../../../src/methods/steering/steered-parameters.ts';
import { methodCases, randomLike } from '../personalization/tiny-pipeline.ts';
import { distance, predictBy, predictWith, tinyBase, tinyConcept } from './tiny-steering.ts';

let device: Device;
let base: PersonalizationBase;
beforeAll(async () => {
  device = await openDevice('cpu');
  base = await tinyBase(device);
});
afterAll(() => device.close());

const kinds = {
  'Textual Inversion': 'lora',
  DreamBooth: 'dreambooth',
  'Custom Diffusion': 'dreambooth',
  LoRA: 'lora',
  'LoRA of everything with a word': 'lora',
} as const;

describe.each(methodCases.filter(([name]) => name in kinds))(
  'a LoRA beside a concept of %s',
  (name, plan) => {
    it('starts at the concept, and becomes one concept that predicts the same', async () => {
      const learned = await tinyConcept(base, plan);
      const key = randomKey(8);
      const subset = {
        kind: 'lora beside',
        rank: 2,
        alpha: 3,
        targets: ['attention', 'convolutions'],
      } as const;
      const concept = learnedInMemory(plan, learned);
      const steered = await steeredParameters(
        concept,
        subset,
        networkSources(base.model),
        base.tokenizer,
        key,
      );
      const prompt = plan.tokens.length > 0 ? 'the <toy>' : 'the cat';
      const beside = {
        initialize: () => Promise.reject(new Error('unused')),
        apply: (networks: never, all: unknown) => {
          const { kept, variables } = all as Readonly<Record<'kept' | 'variables', Learned<Tensor>>>;
          return steered.apply(networks, kept, variables);
        },
      };
      const both = (variables: Learned<NdArray>) =>
        predictBy(base, { method: beside, plan, learned: { kept: learned, variables } as never }, prompt);
      const before = await predictWith(base, plan, learned, prompt);
      const initial = (await readFloats(steered.variables as Tree<Source>)) as Learned<NdArray>;
      expect(distance(await both(initial), before)).toBeLessThan(1e-6);

      const moved = mapTree<Tree<NdArray>, NdArray, NdArray>(initial as Tree<NdArray>, (array) =>
        randomLike(key, array, 0.1),
      ) as Learned<NdArray>;
      const expected = await both(moved);
      expect(distance(expected, before)).toBeGreaterThan(1e-3);
      const finished = await steered.finish(moved);
      expect(finished.plan.method.kind).toBe(kinds[name as keyof typeof kinds]);
      const found = await predictWith(base, finished.plan, finished.learned, prompt);
      expect(distance(found, expected)).toBeLessThan(1e-5);
      expect(() => conceptOfLearned(finished.plan, finished.learned)).not.toThrow();
      const { captured } = await learnedAsLora(base.model, finished.plan, finished.learned, 4);
      expect(captured).toBeGreaterThan(0.3);
    });
  },
);
