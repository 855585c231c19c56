import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** A folder for the tests of a file, gone after them. */
export interface TemporaryFolder {
  path(name: string): string;
  /** Writes the bytes and returns the path. */
  put(name: string, bytes: Uint8Array | string): Promise<string>;
}

export function temporaryFolder(): TemporaryFolder {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'formats-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  return {
    path,
    async put(name, bytes) {
      await writeFile(path(name), bytes);
      return path(name);
    },
  };
}
