import type { ListFileEntry } from '@huggingface/hub';
import type { Checksum } from './checksum.ts';
import { HubError } from './hub-error.ts';

/** A file of a repository, as the hub lists it, once that is found to be sound. */
export interface ListedFile {
  /** With forward slashes, inside the repository. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly checksum: Checksum;
}

/**
 * The name becomes a path on this disk and the checksum a file name in the cache: neither is taken on trust.
 * @throws {HubError} without the repository's name
 */
export function checkListedFile({ path, size, oid, lfs }: ListFileEntry): ListedFile {
  if (!isConfined(path)) {
    throw new HubError(
      `lists a file ${quote(path)}, which would lie outside of its folder; do not use this repository`,
    );
  }
  const checksum = { kind: lfs ? 'sha256' : 'git-sha1', hex: lfs?.oid ?? oid ?? '' } as const;
  if (!lengths[checksum.kind].test(checksum.hex)) {
    throw new HubError(
      `lists ${quote(path)} with the checksum ${quote(checksum.hex)}, which is none; try again`,
    );
  }
  if (!Number.isSafeInteger(size) || size < 0 || (lfs !== undefined && lfs.size !== size)) {
    throw new HubError(`lists ${quote(path)} with a size of ${quote(String(size))} bytes; try again`);
  }
  return { path, size, checksum };
}

const lengths: { readonly [K in Checksum['kind']]: RegExp } = {
  sha256: /^[0-9a-f]{64}$/,
  'git-sha1': /^[0-9a-f]{40}$/,
};

/** Under the rules of every system: what is harmless here may be opened from a shared folder elsewhere. */
const isConfined = (path: unknown): boolean =>
  typeof path === 'string' &&
  path
    .split('/')
    .every((part) => part.length <= 255 && /^[^\\:\p{Cc}]+$/u.test(part) && !/^\.{1,2}$/.test(part));

const quote = (text: unknown): string => JSON.stringify(String(text).slice(0, 120));
