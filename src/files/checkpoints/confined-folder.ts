import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { FormatError, quote } from '../formats/format-error.ts';

/** A folder whose files are opened only where they lie inside it, links resolved. */
export interface ConfinedFolder {
  readonly path: string;
  /** What no file may lie outside of. */
  readonly confinedTo: string;
}

/**
 * @param confinedTo default: the folder itself or, in the hub's cache, whose snapshots are links to a neighbouring
 *   folder, the folder of the model (`models--owner--name`)
 */
export async function confinedFolder(path: string, confinedTo?: string): Promise<ConfinedFolder> {
  const real = await realpath(path).catch((cause) => {
    throw new FormatError(`${path}: is not there (${cause.code}); check the path`, { cause });
  });
  if (!(await stat(real)).isDirectory()) throw new FormatError(`${path}: is not a folder; give a folder`);
  return { path, confinedTo: await realpath(confinedTo ?? modelInCache(real) ?? real) };
}

/** `…/models--owner--name/snapshots/<revision>`, or a folder in it → `…/models--owner--name`. */
function modelInCache(path: string): string | undefined {
  for (let revision = path; dirname(revision) !== revision; revision = dirname(revision)) {
    const snapshots = dirname(revision);
    const model = dirname(snapshots);
    if (basename(snapshots) === 'snapshots' && basename(model).startsWith('models--')) return model;
  }
  return undefined;
}

/** The path of a file in the folder, or undefined if there is none. `name` is ours, not a file's. */
export async function findInside(folder: ConfinedFolder, name: string): Promise<string | undefined> {
  const path = join(folder.path, name);
  const real = await realpath(path).catch((cause) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new FormatError(`${path}: cannot be opened (${cause.code}); check it`, { cause });
  });
  if (real === undefined) return undefined;
  const inside = relative(folder.confinedTo, real);
  if (isAbsolute(inside) || inside.split(sep)[0] === '..') {
    throw new FormatError(
      `${folder.path}: ${quote(name)} is a link that leads out of the folder; put the file itself there`,
    );
  }
  return path;
}

/** @throws FormatError that says what there is instead */
export async function requireInside(folder: ConfinedFolder, name: string): Promise<string> {
  const path = await findInside(folder, name);
  if (path !== undefined) return path;
  const there = await readdir(join(folder.path, dirname(name))).catch(() => []);
  throw new FormatError(
    `${folder.path}: has no ${quote(name)}; there is ${there.length === 0 ? 'nothing' : there.slice(0, 12).map(quote).join(', ')}; fetch the missing file`,
  );
}
