import { mkdir, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { classWordOf } from '../../../src/app/benchmark/manifest/find-concepts.ts';
import { pairsOf, readManifest } from '../../../src/app/benchmark/manifest/read-manifest.ts';
import { readPicture } from '../../../src/files/images/index.ts';
import { completeTask } from '../../../src/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { openTiny, tinyManifest, tinyPictures, writePictures } from './tiny-manifest.ts';

const folder = temporaryFolder();
beforeAll(() => writePictures(folder, tinyPictures));

const [sofa, roof] = tinyManifest.sources as [object, object];
const [tom, kit] = tinyManifest.concepts as [object, object];

describe('manifest', () => {
  test('pairs concepts with the sources of their class', async () => {
    const { manifest, references } = await openTiny(folder);
    expect(pairsOf(manifest).map((pair) => pair.join(' '))).toEqual([
      'tom sofa',
      'kit sofa',
      'tom roof',
      'kit roof',
      'rex park',
    ]);
    expect(references.get('tom')).toEqual([
      { picture: folder.path('tom/1.png'), mask: folder.path('tom/1.mask.png') },
      { picture: folder.path('tom/2.png'), mask: undefined },
    ]);
  });

  const broken: readonly (readonly [what: string, manifest: unknown, message: RegExp])[] = [
    ['no list', {}, /at format: .*docs\/benchmark.md describes/],
    ['an unknown key', { ...tinyManifest, seeds: 3 }, /at the top: .*seeds/],
    [
      'a placeholder without brackets',
      { ...tinyManifest, concepts: [{ ...tom, placeholder: 'tom' }] },
      /at concepts\[0\]\.placeholder: a placeholder is a word in angle brackets/,
    ],
    [
      'a prompt without the concept',
      { ...tinyManifest, sources: [{ ...sofa, targetPrompt: 'a cat on a sofa' }] },
      /at sources\[0\]\.targetPrompt: \{concept\} has to stand/,
    ],
    [
      'a name twice',
      { ...tinyManifest, concepts: [tom, { ...kit, name: 'tom' }] },
      /two concepts are called "tom"; give each a name/,
    ],
    [
      'a right edit of an unknown concept',
      { ...tinyManifest, sources: [{ ...sofa, oracles: { tim: { picture: 'sofa-tom.png' } } }] },
      /the source "sofa" names the concept "tim", which is not among/,
    ],
    [
      'a picture that is not there',
      { ...tinyManifest, sources: [{ ...roof, picture: 'lost.png' }] },
      /the source "roof" names lost.png, which is not there/,
    ],
    [
      'a folder without pictures',
      { ...tinyManifest, concepts: [{ ...tom, references: 'nowhere' }] },
      /the folder of the concept "tom", nowhere, holds no picture/,
    ],
    [
      'classes that do not meet',
      { ...tinyManifest, sources: [{ ...sofa, classWord: 'cow', oracles: {} }] },
      /no source has the class of a concept \(cat, dog against cow\)/,
    ],
  ];
  test.each(broken)('with %s is refused in a sentence', async (_, manifest, message) => {
    await expect(openTiny(folder, manifest as never)).rejects.toThrow(message);
  });

  test('that is no JSON, a folder, or not there is refused in a sentence', async () => {
    await writeFile(folder.path('broken.json'), '{"format": ');
    for (const [name, message] of [
      ['broken.json', /JSON cannot be read/],
      ['tom', /is a folder; name the manifest in it, or write one with "dreamsteerer bench init"/],
      ['nothing.json', /cannot be read \(ENOENT\)/],
    ] as const) {
      await expect(readManifest(folder.path(name))).rejects.toThrow(message);
    }
  });
});

describe('bench init', () => {
  test.each([
    ['red_teapot', 'teapot'],
    ['brown_dog2', 'dog'],
    ['cat2', 'cat'],
    ['wooden-pot', 'pot'],
    ['007', '007'],
  ])('takes of %s the class word %s', (name, word) => expect(classWordOf(name)).toBe(word));

  test("reads DreamBooth's layout with its list of classes", async () => {
    const names = ['dog', 'dog2', 'wolf_plushie', 'bear_plushie', 'vase'];
    await writePictures(
      folder,
      names.map((name) => `dreambooth/dataset/${name}/00.png`),
    );
    const list = names.map(
      (name) => `${name},${name.endsWith('plushie') ? 'stuffed animal' : name.slice(0, 3)}`,
    );
    await writeFile(
      folder.path('dreambooth/dataset/prompts_and_classes.txt'),
      ['Classes', '', 'subject_name,class', ...list, '', 'Prompts', "'a {0} {1}',x"].join('\n'),
    );
    const result = await completeTask('bench init', { folder: folder.path('dreambooth') });
    expect(result).toMatchObject({ concepts: 5, sources: 4, pairs: 4 });
    const { manifest } = await readManifest(result.manifest);
    expect(manifest.concepts.map(({ name, classWord }) => `${name}: ${classWord}`)).toEqual([
      'bear_plushie: stuffed animal',
      'dog: dog',
      'dog2: dog',
      'vase: vas',
      'wolf_plushie: stuffed animal',
    ]);
    expect(pairsOf(manifest).map((pair) => pair.join(' from '))).toContain('dog2 from dog');
  });

  test("reads DreamMatcher's layout, with photos and their prompts by class", async () => {
    await writePictures(folder, ['matcher/inputs/black_cat/1.png', 'matcher/inputs/clock/1.png']);
    await writePictures(folder, [
      'photos/cat/a b.png',
      'photos/cat/a b.mask.png',
      'photos/alarm_clock/1.png',
    ]);
    await writeFile(folder.path('photos/cat/a b.txt'), 'a fat cat by a catfish\n');
    const result = await completeTask('bench init', {
      folder: folder.path('matcher'),
      sources: folder.path('photos'),
    });
    const { manifest } = await readManifest(result.manifest);
    expect(manifest.sources).toContainEqual({
      name: 'cat-a-b',
      classWord: 'cat',
      picture: '../photos/cat/a b.png',
      prompt: 'a fat cat by a catfish',
      targetPrompt: 'a fat {concept} by a catfish',
      mask: '../photos/cat/a b.mask.png',
    });
    expect(result.pairs).toBe(1);
  });

  test('refuses folders without pictures, prompts without the class, and to write over a manifest', async () => {
    await mkdir(folder.path('empty'));
    await writePictures(folder, ['vico/cat/1.png', 'odd/cat/1.png']);
    await writeFile(folder.path('odd/cat/1.txt'), 'a dog');
    const init = (name: string, sources?: string) =>
      completeTask('bench init', {
        folder: folder.path(name),
        ...(sources && { sources: folder.path(sources) }),
      });
    await expect(init('empty')).rejects.toThrow(/holds no folder of pictures, neither itself nor in dataset/);
    await expect(init('vico')).rejects.toThrow(/no two concepts are of one class.*--sources/);
    await expect(init('vico', 'odd')).rejects.toThrow(/the prompt "a dog" does not name the class "cat"/);
    await writeFile(folder.path('vico/benchmark.json'), '');
    await expect(init('vico', 'photos')).rejects.toThrow(/is there already/);
  });

  test('draws the set of one picture a concept: sources, masks and right edits', async () => {
    const result = await completeTask('bench init', {
      folder: folder.path('drawn'),
      oneShot: true,
      size: 32,
    });
    expect(result).toMatchObject({ concepts: 10, sources: 20, pairs: 20 });
    const { manifest, references, resolve } = await readManifest(result.manifest);
    expect(manifest.suites).toEqual(['one-shot']);
    expect([...references.values()].map((files) => files.length)).toEqual(Array(10).fill(1));
    const [first] = manifest.sources;
    expect(first).toMatchObject({ prompt: /^a photo of a cat / });
    expect(first!.targetPrompt).toBe(first!.prompt.replace('cat', '{concept}'));
    const [source, oracle, mask] = await Promise.all(
      [first!.picture, first!.oracles!['cat-1']!.picture, first!.oracles!['cat-1']!.mask!].map((path) =>
        readPicture(resolve(path)),
      ),
    );
    const outside = [...source!.pixels].filter((_, i) => mask!.pixels[i] === 0);
    expect(outside.length).toBeGreaterThan(500);
    expect(source!.pixels).not.toEqual(oracle!.pixels);
  }, 60_000);
});
