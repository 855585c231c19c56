import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { isThere } from '../../models/is-there.ts';
import { pictureNames } from '../../runs/picture-names.ts';
import { TaskError } from '../../tasks/task.ts';
import type { ManifestConcept } from './manifest.ts';

/** Where the data sets have their folders of pictures: DreamBooth in `dataset`, DreamMatcher in `inputs`, ViCo's lie bare. */
const places = ['.', 'dataset', 'inputs'];

/** DreamBooth's list of subjects, `subject_name,class`. */
const CLASSES = 'prompts_and_classes.txt';

export interface FoundConcepts {
  readonly concepts: readonly ManifestConcept[];
  /** Of those whose class word was guessed from the folder's name. */
  readonly guessed: readonly string[];
}

/**
 * The concepts of a data set that has a folder of pictures for each, as DreamBooth's, DreamMatcher's and ViCo's do.
 * Class words are DreamBooth's where its list is there, else the last word of the folder's name: `red_teapot` is a
 * teapot, `brown_dog2` a dog.
 * @throws TaskError if there is no folder of pictures
 */
export async function findConcepts(root: string): Promise<FoundConcepts> {
  for (const place of places) {
    const parent = join(root, place);
    const folders = await foldersOfPictures(parent);
    if (folders.length === 0) continue;
    const classes = await listedClasses(parent);
    const concepts = folders.map((folder): ManifestConcept => {
      const name = basename(folder).replaceAll(/[^\p{L}\p{N}._-]/gu, '-');
      return {
        name,
        classWord: classes.get(basename(folder)) ?? classWordOf(basename(folder)),
        placeholder: `<${name}>`,
        references: slashed(relative(root, folder)),
      };
    });
    const guessed = folders.map((folder) => basename(folder)).filter((name) => !classes.has(name));
    return { concepts, guessed };
  }
  throw new TaskError(
    `${root}: holds no folder of pictures, neither itself nor in ${places.slice(1).join(' or ')}; a data set has one for each concept`,
  );
}

async function foldersOfPictures(parent: string): Promise<readonly string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const folder = join(parent, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.') && (await pictureNames(folder)).length > 0) {
      found.push(folder);
    }
  }
  return found.sort();
}

async function listedClasses(folder: string): Promise<ReadonlyMap<string, string>> {
  const path = join(folder, CLASSES);
  if (!(await isThere(path))) return new Map();
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
  // The list ends where the prompts begin.
  const end = lines.findIndex((line) => line.trim() === 'Prompts');
  const rows = lines
    .slice(0, end === -1 ? undefined : end)
    .map((line) => /^([^,\s][^,]*),([^,]+)$/.exec(line.trim()));
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row[1]!.trim(), row[2]!.trim()] as const])));
}

/** The last word without the number that tells two of a kind apart. */
export function classWordOf(folderName: string): string {
  const words = folderName
    .replaceAll(/\d+/g, ' ')
    .split(/[\s_-]+/)
    .filter(Boolean);
  return (words.at(-1) ?? folderName).toLowerCase();
}

/** Manifests have the same paths everywhere. */
export const slashed = (path: string): string => path.replaceAll('\\', '/');
