import { FormatError, quote } from '../../formats/format-error.ts';
import { type ConfinedFolder, confinedFolder, findInside } from '../confined-folder.ts';
import { readSmallFile } from '../json-file.ts';

/** What transformers reads a CLIP tokenizer from. */
const tokenizerNames = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** A tokenizer's files by their names, from a folder of a model. */
export async function readTokenizerFiles(
  folder: ConfinedFolder,
  name: 'tokenizer' | '.',
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = await filesIn(folder, name);
  if (isWhole(files)) return files;
  throw new FormatError(
    `${folder.path}: the folder ${quote(name)} has neither vocab.json with merges.txt nor tokenizer.json; fetch them`,
  );
}

/**
 * The files of a tokenizer for a model that has none, as single files have none.
 * @param path the folder of a tokenizer, or a diffusers folder with one in it
 */
export async function readTokenizerFolder(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = await confinedFolder(path);
  const files = await filesIn(folder, '.');
  return isWhole(files) ? files : readTokenizerFiles(folder, 'tokenizer');
}

async function filesIn(folder: ConfinedFolder, name: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const each of tokenizerNames) {
    const path = await findInside(folder, `${name}/${each}`);
    if (path !== undefined) files.set(each, await readSmallFile(path));
  }
  return files;
}

const isWhole = (files: ReadonlyMap<string, Uint8Array>): boolean =>
  files.has('tokenizer.json') || (files.has('vocab.json') && files.has('merges.txt'));
