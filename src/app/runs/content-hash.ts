import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Plain data: what a hash can be made of. */
export type PlainData =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly PlainData[]
  | { readonly [key: string]: PlainData };

/**
 * SHA-256 of plain data, 64 hexadecimal digits. The order of an object's keys does not matter, nor does a key whose
 * value is undefined; every value, and the order of a list, does.
 */
export const contentHash = (data: PlainData): string =>
  createHash('sha256').update(canonicalText(data)).digest('hex');

/** The SHA-256 of a file's bytes. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function canonicalText(data: PlainData): string {
  if (Array.isArray(data)) return `[${data.map(canonicalText).join()}]`;
  if (typeof data === 'object' && data !== null) {
    const entries = Object.entries(data as { readonly [key: string]: PlainData })
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonicalText(value)}`).join()}}`;
  }
  // JSON would write null for infinite settings, such as a clipping that is off.
  if (typeof data === 'number' && !Number.isFinite(data)) return String(data);
  return JSON.stringify(data ?? null);
}
