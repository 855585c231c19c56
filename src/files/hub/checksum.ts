import { createHash, type Hash } from 'node:crypto';

/** How the hub knows a file: large ones by the sha256 of their content, small ones as git knows a blob. */
export interface Checksum {
  readonly kind: 'sha256' | 'git-sha1';
  readonly hex: string;
}

/** Feed it the whole file, then ask `digest('hex')`. */
export function startChecksum({ kind }: Checksum, size: number): Hash {
  return starts[kind](size);
}

const starts: { readonly [K in Checksum['kind']]: (size: number) => Hash } = {
  sha256: () => createHash('sha256'),
  'git-sha1': (size) => createHash('sha1').update(`blob ${size}\0`),
};
