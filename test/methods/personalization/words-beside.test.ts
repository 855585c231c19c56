import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  flatten,
  type NdArray,
  openDevice,
  type Source,
  type Tree,
} from '../../../src/engine/index.ts';
import { readConcept, writeConcept } from '../../../src/files/checkpoints/index.ts';
import {
  applyConcept,
  type ConceptPlan,
  type Learned,
  learnedAsLora,
  learnedOfConcept,
  type PersonalizationBase,
  readFloats,
  withWordsBeside,
} from '../../../src/methods/personalization/index.ts';
import { extendTokenizer } from '../../../src/methods/personalization/tokens.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { tinyBase, tinyConcept } from '../steering/tiny-steering.ts';
import { tinyPipeline } from './tiny-pipeline.ts';
import { wholeModel } from './whole-model.ts';

const folder = temporaryFolder();
let device: Device;
let base: PersonalizationBase;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await tinyBase(device);
});
afterAll(() => device.close());

const plan: ConceptPlan = {
  method: { kind: 'dreambooth', textEncoder: 'trained' },
  tokens: [{ word: '<toy>', vectors: 2, initializer: 'cat' }],
};

/** As it was learned, and as a whole model that has the word's vectors in its table. */
async function bothForms() {
  const learned = await tinyConcept(base, plan);
  const whole = await learnedOfConcept(wholeModel(plan, learned));
  const arrays = (await readFloats(whole.learned as Tree<Source>)) as Learned<NdArray>;
  return { learned, whole: { ...whole, learned: arrays } };
}

describe('the words of a whole model', () => {
  test('are taken out of its table', async () => {
    const { learned, whole } = await bothForms();
    expect(whole.plan.tokens).toEqual([]);
    const beside = withWordsBeside(whole, whole.tokenizer, base.tokenizer);
    expect(beside.plan).toEqual({ ...plan, tokens: [{ word: '<toy>', vectors: 2, initializer: '<toy>' }] });
    const leaves = (tree: Learned<NdArray>) => new Map(flatten<NdArray>(tree as Tree<NdArray>));
    expect(leaves(beside.learned)).toEqual(leaves(learned));
  });

  test('stay where they are if the base knows them, or the tokenizer is the base', async () => {
    const { whole } = await bothForms();
    const { plan: own, learned } = whole;
    const knowing = extendTokenizer(base.tokenizer, plan.tokens);
    expect(withWordsBeside(whole, whole.tokenizer, knowing)).toEqual({ plan: own, learned });
    expect(withWordsBeside(whole, undefined, base.tokenizer)).toEqual({ plan: own, learned });
  });

  test('are read again beside a LoRA on disk', async () => {
    const { learned, whole } = await bothForms();
    const beside = withWordsBeside(whole, whole.tokenizer, base.tokenizer);
    const { plan: asLora, concept } = await learnedAsLora(base.model, beside.plan, beside.learned, 4);
    const card = {
      format: 'dreamsteerer concept 1',
      ...asLora,
      base: { name: 'tiny', hash: '0' },
      phrase: '<toy>',
      classWord: 'cat',
      steps: 1,
      seed: 0,
      training: {},
    } as const;
    await writeConcept(folder.path('lora'), card, concept);
    const { unet, textEncoder } = tinyPipeline;
    const opened = await readConcept(folder.path('lora'), {
      base: { unet: unet.parameters, textEncoder: textEncoder.parameters },
    });
    const [{ token, vectors }] = opened.embeddings as [(typeof opened.embeddings)[number]];
    expect(token).toBe('<toy>');
    const [[, expected]] = flatten<NdArray>(learned.tokens!) as [[string, NdArray]];
    expect([...(vectors as NdArray).data]).toEqual([...expected.data]);
    const { tokenizer } = await applyConcept(base, opened);
    expect(tokenizer.placeholders.get('<toy>')).toEqual([519, 520]);
    await opened.close();
  });
});
