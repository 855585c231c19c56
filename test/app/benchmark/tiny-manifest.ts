import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Manifest } from '../../../src/app/benchmark/manifest/manifest.ts';
import { type OpenedManifest, readManifest } from '../../../src/app/benchmark/manifest/read-manifest.ts';
import { writePicture } from '../../../src/files/images/index.ts';
import type { TemporaryFolder } from '../../files/formats/temporary-folder.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';

/** Two cats and a dog to be learned, three sources, masks and right edits of some. */
export const tinyManifest: Manifest = {
  format: 'dreamsteerer benchmark 1',
  title: 'Tiny',
  suites: ['main', 'ablation', 'one-shot'],
  concepts: [
    { name: 'tom', classWord: 'cat', placeholder: '<tom>', references: 'tom' },
    { name: 'kit', classWord: 'cat', placeholder: '<kit>', references: 'kit' },
    { name: 'rex', classWord: 'dog', placeholder: '<rex>', references: 'rex' },
  ],
  sources: [
    {
      name: 'sofa',
      classWord: 'cat',
      picture: 'sofa.png',
      prompt: 'a cat on a sofa',
      targetPrompt: 'a {concept} on a sofa',
      mask: 'sofa.mask.png',
      oracles: { tom: { picture: 'sofa-tom.png' } },
    },
    {
      name: 'roof',
      classWord: 'cat',
      picture: 'roof.png',
      prompt: 'a cat on a roof',
      targetPrompt: 'a {concept} on a roof',
    },
    {
      name: 'park',
      classWord: 'dog',
      picture: 'park.png',
      prompt: 'a dog in a park',
      targetPrompt: 'a {concept} in a park',
    },
  ],
};

export const tinyPictures = [
  ...['tom/1', 'tom/2', 'kit/1', 'rex/1', 'tom/1.mask', 'sofa', 'sofa.mask', 'sofa-tom', 'roof', 'park'],
].map((name) => `${name}.png`);

/** Writes pictures of random stripes, one or all anew by another label. */
export async function writePictures(
  folder: TemporaryFolder,
  names: readonly string[],
  label = '',
): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(folder.path(name)), { recursive: true });
    await writePicture(folder.path(name), tinyPicture(`${name}${label}`), { existing: 'replace' });
  }
}

export async function openTiny(
  folder: TemporaryFolder,
  manifest: Manifest = tinyManifest,
): Promise<OpenedManifest> {
  await writeFile(folder.path('benchmark.json'), JSON.stringify(manifest));
  return readManifest(folder.path('benchmark.json'));
}
