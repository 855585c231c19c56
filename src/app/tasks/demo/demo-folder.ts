import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../files/formats/index.ts';
import { contentHash } from '../../runs/content-hash.ts';
import { dataText, type RunRequest, unfinishedFolder } from '../../runs/unfinished-run.ts';
import { ParameterError, TaskError } from '../task.ts';

/** Tells which demo a folder holds, so that another one does not go on in it. */
const REQUEST = 'demo.json';

/**
 * Makes the folder ready: for a demo from the beginning, or to go on with the one that was broken off in it.
 * @throws TaskError if something is there, and it is no demo of this request that is to be gone on with
 */
export async function beginDemo(
  { output, resume, force }: { readonly output: string; readonly resume: boolean; readonly force: boolean },
  request: RunRequest,
): Promise<void> {
  const names = await readdir(output).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    if (error.code !== 'ENOTDIR') throw error;
    throw new ParameterError('output', `${output} is a file, not a folder; choose another name`);
  });
  if (names.length > 0 && resume) return refuseAnother(output, names, request);
  if (names.length > 0 && !force) {
    throw new ParameterError(
      'output',
      `${output} is there already and not empty; ` +
        (names.includes(REQUEST)
          ? 'go on with the demo that was broken off there (--resume), begin it anew (--force), or choose another folder'
          : 'choose another folder'),
    );
  }
  if (names.length > 0 && !names.includes(REQUEST)) {
    throw new ParameterError(
      'output',
      `${output} is there and holds no demo, so nothing in it is replaced; choose another folder`,
    );
  }
  await mkdir(output, { recursive: true });
  for (const name of ['concept', 'edit', 'sheet.png'].flatMap((each) => [each, unfinishedFolder(each)])) {
    await rm(join(output, name), { recursive: true, force: true });
  }
  await replaceFile(join(output, REQUEST), (write) => write(Buffer.from(dataText(request))));
}

async function refuseAnother(output: string, names: readonly string[], request: RunRequest): Promise<void> {
  const file = join(output, REQUEST);
  if (!names.includes(REQUEST)) {
    throw new ParameterError('output', `${output} holds no demo to go on with; choose another folder`);
  }
  const earlier = JSON.parse(await readFile(file, 'utf8')) as RunRequest;
  const other = Object.keys(request).find(
    (name) => contentHash(request[name]) !== contentHash(earlier[name]),
  );
  if (other === undefined) return;
  throw new TaskError(
    `${file}: the demo there has ${other} ${JSON.stringify(earlier[other])}, and now it is ${JSON.stringify(request[other])}; go on with the same, or begin anew (--force)`,
  );
}
