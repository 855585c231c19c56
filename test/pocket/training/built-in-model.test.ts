import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultContext } from '../../../src/app/tasks/default-context.ts';
import { vocabularyFromMerges } from '../../../src/networks/clip/index.ts';
import { pocketConfigs, pocketMerges } from '../../../src/pocket/training/index.ts';

const read = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse(await readFile(join(defaultContext().builtInModel, name), 'utf8'));

/** What the files say beside the recipe: the precision of the weights, and what was measured. */
const beside = ['torch_dtype', 'scaling_factor'];

test.each([
  ['text_encoder/config.json', pocketConfigs.textEncoder],
  ['image_encoder/config.json', pocketConfigs.imageEncoder],
  ['feature_extractor/preprocessor_config.json', pocketConfigs.imageProcessor],
  ['vae/config.json', pocketConfigs.vae],
  ['unet/config.json', pocketConfigs.unet],
  ['scheduler/scheduler_config.json', pocketConfigs.scheduler],
])("the built-in model's %s is the recipe's", async (name, config) => {
  const settings = Object.entries(await read(name)).filter(([key]) => !beside.includes(key));
  const expected = Object.entries(config).filter(([key]) => !beside.includes(key));
  expect(Object.fromEntries(settings)).toEqual(Object.fromEntries(expected));
});

test("the built-in model's tokenizer is that of the world's words", async () => {
  expect(await read('tokenizer/vocab.json')).toEqual(Object.fromEntries(vocabularyFromMerges(pocketMerges)));
});
