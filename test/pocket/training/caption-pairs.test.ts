import { expect, test } from 'vitest';
import { randomKey } from '../../../src/engine/index.ts';
import { encodePrompt } from '../../../src/networks/clip/index.ts';
import { pairBatches } from '../../../src/pocket/training/caption-pairs.ts';
import { pictureStore, pocketNetworks, trialRecipe } from '../../../src/pocket/training/index.ts';

test('captions have an article that fits: an elephant, an orange cat', async () => {
  const networks = pocketNetworks(trialRecipe.configs);
  const recipe = { ...trialRecipe.clip, sceneCount: 64, batchSize: 64 };
  const batchOf = pairBatches(networks, recipe, pictureStore('training', 16, 'keep'), randomKey(1));
  const idsOf = (text: string) => encodePrompt(networks.tokenizer, text).ids.slice(1, 3);
  const [a, an] = ['a', 'an'].map((article) => idsOf(article)[0]!);
  const vowels = ['elephant', 'orange'].map((word) => idsOf(word)[0]!);
  const articles: number[] = [];
  for (const step of [0, 1, 2, 3]) {
    const { ids, classIds } = await batchOf(step);
    for (const { data } of [ids, classIds]) {
      const tokens = Array.from(data as BigInt64Array, Number);
      articles.push(...tokens.slice(0, -1).filter((_, place) => vowels.includes(tokens[place + 1]!)));
    }
  }
  expect(articles).toContain(an);
  expect(articles).not.toContain(a);
});
