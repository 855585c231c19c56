import { beforeAll } from 'vitest';
import {
  flatten,
  fold,
  type LazySource,
  type NdArray,
  randomKey,
  readSource,
  type Source,
  type Tree,
  unflatten,
} from '../../src/engine/index.ts';
import { type MethodKind, writeConcept, writeDiffusersFolder } from '../../src/files/checkpoints/index.ts';
import { writePicture } from '../../src/files/images/index.ts';
import {
  asSource,
  conceptOfLearned,
  type Learned,
  personalizationMethod,
} from '../../src/methods/personalization/index.ts';
import { type TemporaryFolder, temporaryFolder } from '../files/formats/temporary-folder.ts';
import {
  methodCases,
  randomLike,
  tinyPicture,
  tinyPipeline,
} from '../methods/personalization/tiny-pipeline.ts';
import { smallTokenizer } from '../networks/clip/tokenizer/small-tokenizer.ts';

/** 16 x 16 pictures, as config.json says. */
export const tinyEditor = {
  ...tinyPipeline,
  unet: { ...tinyPipeline.unet, configJson: { ...tinyPipeline.unet.configJson, sample_size: 8 } },
};

/** A random model, a concept of every kind for it in folders of their names, and a photo of 24 x 40 pixels. */
export function tinyEditing(kinds: readonly MethodKind[] = []): TemporaryFolder {
  const folder = temporaryFolder();
  beforeAll(async () => {
    await writeDiffusersFolder(folder.path('model'), tinyEditor);
    await writePicture(folder.path('photo.png'), tinyPicture('photo', [24, 40]));
    for (const kind of kinds) await writeTinyConcept(folder.path(kind), kind);
  }, 120_000);
  return folder;
}

/** Learned by nobody: where the method begins, moved at random. */
async function writeTinyConcept(path: string, kind: MethodKind): Promise<void> {
  const [, plan] = methodCases.findLast(
    ([, { method, tokens }]) => method.kind === kind && tokens.length > 0,
  )!;
  const { unet, textEncoder } = tinyEditor;
  const tree = (parameters: typeof unet.parameters) =>
    unflatten(
      Array.from(parameters, ([name, array]) => [name, asSource(array as NdArray)] as const),
    ) as Tree<LazySource>;
  const base = { unet: tree(unet.parameters), textEncoder: tree(textEncoder.parameters) };
  const key = randomKey(11);
  const begun = await personalizationMethod(plan, smallTokenizer()).initialize(base, key);
  const learned: [string, NdArray][] = [];
  for (const [name, source] of flatten<Source>(begun as Tree<Source>)) {
    learned.push([name, randomLike(fold(key, name), await readSource(source), 0.02)]);
  }
  const card = {
    format: 'dreamsteerer concept 1',
    ...plan,
    base: { name: 'tiny', hash: '0' },
    phrase: '<toy> cat',
    classWord: 'cat',
    steps: 1,
    seed: 0,
    training: {},
  } as const;
  const concept = conceptOfLearned(plan, unflatten(learned) as Learned<NdArray>);
  await writeConcept(path, card, concept, { base: tinyEditor });
}
