import { join } from 'node:path';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import { isThere } from '../../models/is-there.ts';
import { TaskError } from '../../tasks/task.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** Its name in a folder. */
export const MANIFEST = 'benchmark.json';

/** @throws TaskError if there is one */
export async function refuseManifest(folder: string): Promise<void> {
  const path = join(folder, MANIFEST);
  if (!(await isThere(path))) return;
  throw new TaskError(`${path}: is there already; remove it, or name another folder`);
}

/** Writes a folder's manifest, whole or not at all, and returns its path. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<string> {
  const path = join(folder, MANIFEST);
  const checked = manifestSchema.parse(manifest);
  await replaceFile(path, (write) => write(Buffer.from(`${JSON.stringify(checked, undefined, 2)}\n`)));
  return path;
}
