import { open, stat } from 'node:fs/promises';

/** As much as tells one format from another. */
const BYTES = 64;

/** The first bytes of a file; none of a folder, or of what is no regular file. */
export async function readBeginning(path: string): Promise<Uint8Array> {
  if (!(await stat(path)).isFile()) return new Uint8Array(0);
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(BYTES), 0, BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
