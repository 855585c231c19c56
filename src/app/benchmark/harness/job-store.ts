import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import { isThere } from '../../models/is-there.ts';
import type { Job, JobResult } from './job.ts';

/**
 * The folder of a benchmark's results. Several processes may use it at once, and any of them may be killed at any time:
 *
 *     results/HASH/     what a job made; done as soon as result.json is there, which a half-copied folder has not
 *     work/HASH/        of a job under way: `scratch`, and folders that become results
 *     failures/HASH.json  why a job failed; gone when it succeeds
 *     locks/HASH        there while a process is at the job, which touches it every two seconds
 */
export interface JobStore {
  isDone(hash: string): Promise<boolean>;
  resultFolder(hash: string): string;
  /** @throws a sentence if the job is not done */
  readResult(hash: string): Promise<JobResult>;
  lockPath(hash: string): string;
  /** Folders for a job that this process has the lock of. What a killed attempt left of its result is removed. */
  begin(hash: string): Promise<{ readonly folder: string; readonly scratch: string }>;
  /**
   * Makes the folder the job's result by renaming it. If another process was faster, its result stays; a folder without
   * a result, as a copy that was broken off leaves it, does not.
   */
  finish(job: Job, folder: string, result: JobResult): Promise<void>;
  /** Keeps why a job failed, unless it is done. */
  fail(job: Job, message: string): Promise<void>;
  /** Of the jobs with these hashes. */
  failures(hashes: ReadonlySet<string>): Promise<readonly Failure[]>;
}

export interface Failure {
  readonly hash: string;
  readonly title: string;
  readonly message: string;
}

export function jobStore(folder: string): JobStore {
  const path = (...parts: string[]) => join(folder, ...parts);
  const resultFolder = (hash: string) => path('results', hash);
  const isDone = (hash: string) => isThere(join(resultFolder(hash), RESULT));
  return {
    isDone,
    resultFolder,
    lockPath: (hash) => path('locks', hash),
    async readResult(hash) {
      const file = join(resultFolder(hash), RESULT);
      const text = await readFile(file, 'utf8').catch((cause) => {
        throw new Error(`${file}: cannot be read (${cause.code}); run the benchmark again to make it`, {
          cause,
        });
      });
      return (JSON.parse(text) as { readonly result: JobResult }).result;
    },
    async begin(hash) {
      const scratch = path('work', hash, 'scratch');
      await mkdir(scratch, { recursive: true });
      for (const name of await readdir(path('work', hash))) {
        if (name !== 'scratch') await rm(path('work', hash, name), { recursive: true, force: true });
      }
      const made = path('work', hash, `result-${randomUUID()}`);
      await mkdir(made);
      return { folder: made, scratch };
    },
    async finish({ hash, kind, title }, made, result) {
      await replaceFile(join(made, RESULT), (write) =>
        write(Buffer.from(`${JSON.stringify({ kind, title, result }, undefined, 2)}\n`)),
      );
      await mkdir(path('results'), { recursive: true });
      if (!(await isDone(hash))) await rm(resultFolder(hash), { recursive: true, force: true });
      await rename(made, resultFolder(hash)).catch(async (error) => {
        if (!(await isDone(hash))) throw error;
      });
      await rm(path('work', hash), { recursive: true, force: true });
      await rm(path('failures', `${hash}.json`), { force: true });
    },
    async fail({ hash, title }, message) {
      if (await isDone(hash)) return;
      await mkdir(path('failures'), { recursive: true });
      const failure: Failure = { hash, title, message };
      await replaceFile(path('failures', `${hash}.json`), (write) =>
        write(Buffer.from(`${JSON.stringify(failure, undefined, 2)}\n`)),
      );
    },
    async failures(hashes) {
      const names = await readdir(path('failures')).catch(() => []);
      const found = await Promise.all(
        names
          .filter((name) => hashes.has(name.replace(/\.json$/, '')))
          .sort()
          .map((name) => readFile(path('failures', name), 'utf8').catch(() => undefined)),
      );
      return found.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Failure]));
    },
  };
}

/** Beside what the job made. */
const RESULT = 'result.json';
