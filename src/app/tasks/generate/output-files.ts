import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { isThere } from '../../models/is-there.ts';
import { ParameterError, TaskError } from '../task.ts';

export interface OutputRequest {
  /** A folder, or a file that ends in .png. */
  readonly output: string;
  readonly prompt: string;
  /** One picture each. */
  readonly seeds: readonly number[];
  /** Whether files of these names may be replaced. */
  readonly force: boolean;
}

/**
 * A path for each picture, before any is made. In a folder they are called by prompt and seed, and get a number where
 * the name is taken; a name that was given is refused where it is taken, and gets the picture's number where there
 * are several.
 * @throws TaskError if a name is taken, has another ending, or its folder cannot be written
 */
export async function planOutputs(request: OutputRequest): Promise<readonly string[]> {
  const { output } = request;
  const isFolder = /[/\\]$/.test(output) || extname(output) === '' || (await isDirectory(output));
  const paths = await (isFolder ? namesInFolder(request) : namesOfFile(request));
  await checkWritable(isFolder ? output : dirname(output));
  return paths;
}

async function namesInFolder({ output, prompt, seeds, force }: OutputRequest): Promise<string[]> {
  const paths: string[] = [];
  for (const seed of seeds) {
    const stem = join(output, `${nameOfPrompt(prompt)}-${seed}`);
    let path = `${stem}.png`;
    for (let number = 2; !force && (await isThere(path)); number++) path = `${stem}-${number}.png`;
    paths.push(path);
  }
  return paths;
}

async function namesOfFile({ output, seeds, force }: OutputRequest): Promise<string[]> {
  if (extname(output).toLowerCase() !== '.png') {
    throw new ParameterError(
      'output',
      `pictures are written as .png, which holds their settings; got "${output}", which is no folder either; give a name that ends in .png or a folder`,
    );
  }
  const stem = output.slice(0, -'.png'.length);
  const paths = seeds.length === 1 ? [output] : seeds.map((_, index) => `${stem}-${index + 1}.png`);
  for (const path of force ? [] : paths) {
    if (await isThere(path)) {
      throw new TaskError(`${path}: is there already; give another name, or allow to overwrite it (--force)`);
    }
  }
  return paths;
}

const LONGEST_NAME = 48;

/** Words of any script with hyphens between them: "A cat, on the moon!" → "a-cat-on-the-moon". */
function nameOfPrompt(prompt: string): string {
  const words = prompt.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  let name = '';
  for (const word of words) {
    if (name.length + word.length >= LONGEST_NAME) break;
    name += name === '' ? word : `-${word}`;
  }
  return name === '' ? 'picture' : name;
}

/** The folder, or the nearest one above it that is there: the rest is made when the first picture is. */
async function checkWritable(folder: string): Promise<void> {
  let nearest = resolve(folder);
  while (!(await isThere(nearest)) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  const problem = (await isDirectory(nearest))
    ? await access(nearest, constants.W_OK).then(
        () => undefined,
        () => 'cannot be written; check its permissions',
      )
    : 'is a file, not a folder; choose another folder';
  if (problem !== undefined) throw new ParameterError('output', `${nearest} ${problem}`);
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
