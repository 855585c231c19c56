import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

// A limit on the size of files fails a write as a full disk does, with another code.
test.skipIf(process.platform === 'win32')(
  'where there is no space the old file stays, nothing half-written is left, and a sentence says so',
  async () => {
    await writeFile(folder.path('picture.png'), 'old');
    const program = `
      import { replaceFile } from './src/files/formats/index.ts';
      await replaceFile(process.argv[1], (write) => write(new Uint8Array(2 ** 20)));
    `;
    const script = 'ulimit -f 64; exec "$0" --import tsx --input-type=module --eval "$1" "$2"';
    const running = promisify(execFile)('bash', [
      ...['-c', script, process.execPath, program, folder.path('picture.png')],
    ]);
    await expect(running).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /picture\.png: cannot be written \(EFBIG\); check its folder, the permissions and the space left/,
      ),
    });
    expect(await readdir(folder.path('.'))).toEqual(['picture.png']);
    expect(await readFile(folder.path('picture.png'), 'utf8')).toBe('old');
  },
  60_000,
);
