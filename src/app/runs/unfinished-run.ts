import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NdArray, Source, Tree } from '../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../files/checkpoints/index.ts';
import { replaceFile } from '../../files/formats/index.ts';
import { isThere } from '../models/is-there.ts';
import { TaskError } from '../tasks/task.ts';
import { contentHash, type PlainData } from './content-hash.ts';

/** What can be saved: arrays, or what is read array by array. */
export type SavedArrays = Parameters<typeof writeTrainingState>[1];

/** What decides a run's result: settings, and the hashes of the files that it reads. */
export type RunRequest = { readonly [name: string]: PlainData };

export interface OpenRunOptions {
  /** Where the result goes; what is unfinished lies beside it. */
  readonly output: string;
  readonly request: RunRequest;
  /** `resume`: goes on if there is something to go on with. `anew`: throws away what there is. */
  readonly begin: 'resume' | 'anew' | 'refuse where one is unfinished';
}

/**
 * A run's folder while it is unfinished, `<output>.unfinished`: its request, and the states from which it can go on,
 * each of them whole.
 */
export interface UnfinishedRun {
  readonly folder: string;
  /** Whether an earlier run is gone on with. */
  readonly isResumed: boolean;
  readonly path: (name: string) => string;
  readonly readArrays: (name: string) => Promise<Tree<NdArray> | undefined>;
  readonly writeArrays: (name: string, arrays: Tree<Source>) => Promise<void>;
  readonly readData: (name: string) => Promise<PlainData>;
  readonly writeData: (name: string, data: PlainData) => Promise<void>;
  readonly writeBytes: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Removes the folder: the result is there. */
  readonly finish: () => Promise<void>;
  /** Removes the folder if nothing is in it from which to go on. @returns whether there is something */
  readonly leave: () => Promise<'kept' | 'removed'>;
}

export const unfinishedFolder = (output: string): string => `${output.replace(/[/\\]+$/, '')}.unfinished`;

/** The request of an unfinished run; undefined where there is none. */
export async function unfinishedRequest(output: string): Promise<RunRequest | undefined> {
  const file = join(unfinishedFolder(output), requestName);
  if (!(await isThere(file))) return undefined;
  return parsed(file, await readFile(file, 'utf8')) as RunRequest;
}

/** @throws TaskError if a run is unfinished and nothing is said about it, or it is another one than this */
export async function openUnfinishedRun({ output, request, begin }: OpenRunOptions): Promise<UnfinishedRun> {
  const folder = unfinishedFolder(output);
  const path = (name: string) => join(folder, name);
  const earlier = await unfinishedRequest(output);
  if (begin === 'refuse where one is unfinished' && (await isThere(folder))) {
    throw new TaskError(
      `${folder}: holds a run that was broken off; go on with it (--resume) or begin anew (--force)`,
    );
  }
  if (begin === 'anew') await rm(folder, { recursive: true, force: true });
  const isResumed = begin === 'resume' && earlier !== undefined;
  if (isResumed) refuseAnother(folder, JSON.parse(dataText(request)) as RunRequest, earlier);
  const writeBytes = async (name: string, bytes: Uint8Array) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await replaceFile(path(name), (write) => write(bytes));
  };
  const writeData = (name: string, data: PlainData) => writeBytes(name, Buffer.from(dataText(data)));
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new TaskError(`${folder}: cannot be made (${cause.code}); check the folder around it`, { cause });
  });
  if (!isResumed) await writeData(requestName, request);
  return {
    folder,
    isResumed,
    path,
    writeBytes,
    writeData,
    readArrays: async (name) => ((await isThere(path(name))) ? readTrainingState(path(name)) : undefined),
    writeArrays: (name, arrays) => writeTrainingState(path(name), arrays),
    readData: async (name) =>
      (await isThere(path(name))) ? parsed(path(name), await readFile(path(name), 'utf8')) : undefined,
    finish: () => rm(folder, { recursive: true, force: true }),
    async leave() {
      const names = await readdir(folder).catch(() => []);
      if (names.some((name) => name !== requestName)) return 'kept';
      await rm(folder, { recursive: true, force: true });
      return 'removed';
    },
  };
}

const requestName = 'request.json';

/** JSON for people to read. It knows no infinite numbers, which settings have where something is off. */
export const dataText = (data: PlainData): string =>
  `${JSON.stringify(data, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value), 2)}\n`;

function parsed(file: string, text: string): PlainData {
  try {
    return JSON.parse(text) as PlainData;
  } catch (cause) {
    throw new TaskError(`${file}: is no JSON; it was damaged, begin anew (--force)`, { cause });
  }
}

function refuseAnother(folder: string, request: RunRequest, earlier: RunRequest): void {
  const other = firstDifference(request, earlier);
  if (other === undefined) return;
  const show = (data: PlainData) => JSON.stringify(data) ?? 'nothing';
  throw new TaskError(
    `${folder}: the run there has ${other.name} ${show(other.earlier)}, and now it is ${show(other.now)}; go on with the same settings, or begin anew (--force)`,
  );
}

interface Difference {
  /** `files.vae` */
  readonly name: string;
  readonly now: PlainData;
  readonly earlier: PlainData;
}

function firstDifference(now: RunRequest, earlier: RunRequest): Difference | undefined {
  for (const name of new Set([...Object.keys(now), ...Object.keys(earlier)])) {
    const [a, b] = [now[name], earlier[name]];
    if (contentHash(a) === contentHash(b)) continue;
    const within = isRecord(a) && isRecord(b) ? firstDifference(a, b) : undefined;
    return within === undefined
      ? { name, now: a, earlier: b }
      : { ...within, name: `${name}.${within.name}` };
  }
  return undefined;
}

const isRecord = (data: PlainData): data is RunRequest =>
  typeof data === 'object' && data !== null && !Array.isArray(data);
