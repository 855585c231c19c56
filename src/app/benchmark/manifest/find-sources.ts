import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { isThere } from '../../models/is-there.ts';
import { maskPathOf, pictureNames } from '../../runs/picture-names.ts';
import { TaskError } from '../../tasks/task.ts';
import { slashed } from './find-concepts.ts';
import type { ManifestConcept, ManifestSource } from './manifest.ts';

/**
 * Pictures to be edited, from a folder with a folder of them for each class word. Of `dog/park.jpg`, `park.txt` may hold
 * its prompt, in which the class word stands (else it is "a photo of a dog"), and `park.mask.png` the mask of its subject.
 * @param root what paths of the manifest are relative to
 * @throws TaskError if there are none, or a prompt does not name the class
 */
export async function findSources(root: string, folder: string): Promise<readonly ManifestSource[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sources: ManifestSource[] = [];
  for (const entry of entries.filter((each) => each.isDirectory())) {
    const classWord = entry.name.replaceAll('_', ' ');
    for (const name of await pictureNames(join(folder, entry.name))) {
      sources.push(await sourceOf(root, join(folder, entry.name, name), classWord));
    }
  }
  if (sources.length > 0) return sources;
  throw new TaskError(
    `${folder}: holds no sources; put pictures into a folder for each class word, such as dog/park.jpg`,
  );
}

async function sourceOf(root: string, picture: string, classWord: string): Promise<ManifestSource> {
  const stem = picture.slice(0, -extname(picture).length);
  const written = await readFile(`${stem}.txt`, 'utf8').catch(() => undefined);
  const prompt = written?.trim() || `a photo of a ${classWord}`;
  const mask = maskPathOf(picture);
  return {
    name: `${classWord}-${basename(stem)}`.replaceAll(/[^\p{L}\p{N}._-]/gu, '-'),
    classWord,
    picture: slashed(relative(root, picture)),
    prompt,
    targetPrompt: targetPromptOf(prompt, classWord, `${stem}.txt`),
    ...((await isThere(mask)) && { mask: slashed(relative(root, mask)) }),
  };
}

/** The prompt with `{concept}` for the class word. */
function targetPromptOf(prompt: string, classWord: string, where: string): string {
  const target = prompt.replace(
    new RegExp(`(?<![\\p{L}\\p{N}])${escaped(classWord)}(?![\\p{L}\\p{N}])`, 'u'),
    '{concept}',
  );
  if (target !== prompt) return target;
  throw new TaskError(
    `${where}: the prompt ${JSON.stringify(prompt)} does not name the class "${classWord}" of its folder; it has to, since the concept takes that place`,
  );
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Sources where a data set has none: of every concept the first picture, to be edited into the others of its class. What
 * they show beside the subject is not known, so the prompts name the class alone.
 */
export async function sourcesOfConcepts(
  root: string,
  concepts: readonly ManifestConcept[],
): Promise<readonly ManifestSource[]> {
  const sources: ManifestSource[] = [];
  for (const { name, classWord, references } of concepts) {
    const others = concepts.filter((other) => other.classWord === classWord && other.name !== name);
    const [first] = await pictureNames(join(root, references));
    if (others.length === 0 || first === undefined) continue;
    const prompt = `a photo of a ${classWord}`;
    const mask = maskPathOf(`${references}/${first}`);
    sources.push({
      name,
      classWord,
      picture: `${references}/${first}`,
      prompt,
      targetPrompt: `a photo of a {concept}`,
      concepts: others.map((other) => other.name),
      ...((await isThere(join(root, mask))) && { mask }),
    });
  }
  if (sources.length > 0) return sources;
  throw new TaskError(
    `${root}: no two concepts are of one class, so none can be the source of another; name a folder of sources (--sources)`,
  );
}
