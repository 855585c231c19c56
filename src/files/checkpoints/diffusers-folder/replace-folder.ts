import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { FormatError } from '../../formats/format-error.ts';

/** What to do where there is something under the name already. */
export type WhereFolderExists = 'refuse' | 'replace';

/**
 * Fills a folder under a temporary name beside its own, then renames it. If `fill` fails, what was there stays and
 * the temporary folder goes.
 */
export async function replaceFolder(
  path: string,
  existing: WhereFolderExists,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (existing === 'refuse') await refuseExisting(path);
  const temporary = `${path}.${randomUUID()}.part`;
  await mkdir(temporary).catch((cause) => {
    throw new FormatError(`${path}: cannot be written (${cause.code}); check the folder around it`, {
      cause,
    });
  });
  try {
    await fill(temporary);
    await moveFolder(temporary, path, existing);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function refuseExisting(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) {
    throw new FormatError(`${path}: exists already; choose another name, or say that it is to be replaced`);
  }
}

/**
 * Renames a folder. It cannot be renamed over another: the old one steps aside first, and returns if the new one fails.
 */
export async function moveFolder(
  temporary: string,
  path: string,
  existing: WhereFolderExists,
): Promise<void> {
  if (existing === 'refuse') await refuseExisting(path);
  const aside = `${path}.${randomUUID()}.old`;
  const movedAside = existing === 'replace' && (await succeeds(rename(path, aside)));
  try {
    await rename(temporary, path);
  } catch (cause) {
    if (movedAside) await rename(aside, path);
    throw new FormatError(`${path}: the written folder cannot be renamed to it; check its folder`, { cause });
  }
  if (movedAside) await rm(aside, { recursive: true });
}

const succeeds = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    (error) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
