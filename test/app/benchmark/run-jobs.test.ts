import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Job, JobRunner } from '../../../src/app/benchmark/harness/job.ts';
import { jobStore } from '../../../src/app/benchmark/harness/job-store.ts';
import { type HarnessEvent, runJobs } from '../../../src/app/benchmark/harness/run-jobs.ts';
import { type FileLock, tryLock } from '../../../src/files/hub/file-lock.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { riggedJobs, riggedRunner } from './rigged-jobs.ts';

const folder = temporaryFolder();

async function newStore(name: string) {
  await mkdir(folder.path(name));
  return { path: folder.path(name), log: folder.path(`${name}/log.txt`), store: jobStore(folder.path(name)) };
}

async function complete(name: string, jobs: readonly Job[], run: JobRunner<Job>, signal?: AbortSignal) {
  const running = runJobs(jobs, { store: jobStore(folder.path(name)), run, ...(signal && { signal }) });
  const events: HarnessEvent<Job>[] = [];
  let next = await running.next();
  for (; !next.done; next = await running.next()) events.push(next.value);
  return { events, summary: next.value };
}

const linesOf = async (path: string) => (await readFile(path, 'utf8')).trim().split('\n');

const [learn, edit] = riggedJobs as [Job, Job];
const allHashes = new Set(riggedJobs.map(({ hash }) => hash));

describe('jobs', () => {
  test('are done once: a second run finds all of them and begins none', async () => {
    const { log } = await newStore('once');
    const first = await complete('once', riggedJobs, riggedRunner(log, 0));
    expect(first.summary).toEqual({ jobs: 12, alreadyDone: 0, done: 12, failed: [] });
    const begun = await linesOf(log);
    const second = await complete('once', riggedJobs, riggedRunner(log, 0));
    expect(second.summary).toEqual({ jobs: 12, alreadyDone: 12, done: 12, failed: [] });
    expect(await linesOf(log)).toEqual(begun);
  });

  test('wait for what they read from, whatever the order of the list', async () => {
    const { log, store } = await newStore('order');
    await complete('order', [...riggedJobs].reverse(), riggedRunner(log, 0));
    expect(await store.readResult(edit.hash)).toMatchObject({ builtOn: ['learn 0'] });
  });

  test('leave nothing but results behind', async () => {
    const { log, path } = await newStore('clean');
    await complete('clean', riggedJobs, riggedRunner(log, 0));
    expect(await readdir(`${path}/work`)).toEqual([]);
    expect(await readdir(`${path}/locks`)).toEqual([]);
    expect((await readdir(`${path}/results`)).sort()).toEqual(riggedJobs.map(({ hash }) => hash).sort());
  });

  test('that fail are told of, take along what builds on them, leave the rest alone and are tried again', async () => {
    const { log, store } = await newStore('failing');
    const good = riggedRunner(log, 0);
    const bad: JobRunner<Job> = async function* (job, context) {
      if (job.hash === learn.hash) throw new Error('the loss is not finite at step 3');
      return yield* good(job, context);
    };
    const { summary } = await complete('failing', riggedJobs, bad);
    expect(summary.done).toBe(8);
    expect(summary.failed.map(({ message }) => message)).toEqual([
      'the loss is not finite at step 3',
      ...Array(3).fill('what it builds on failed: learn 0'),
    ]);
    expect(await store.failures(allHashes)).toMatchObject([{ title: 'learn 0', message: /not finite/ }]);
    expect(await store.failures(new Set([edit.hash]))).toEqual([]);
    expect((await complete('failing', riggedJobs, good)).summary).toMatchObject({ alreadyDone: 8, done: 12 });
    expect(await store.failures(allHashes)).toEqual([]);
  });

  test('stop when they are asked to, and go on from the step where they were', async () => {
    const { log, store } = await newStore('stopped');
    const controller = new AbortController();
    const stopping: JobRunner<Job> = async function* (job, context) {
      for await (const progress of riggedRunner(log, 0)(job, context)) {
        if (progress.done === 4) controller.abort(new Error('enough'));
        yield progress;
      }
      return {};
    };
    await expect(complete('stopped', riggedJobs, stopping, controller.signal)).rejects.toThrow('enough');
    expect(await store.failures(allHashes)).toEqual([]);
    const { events } = await complete('stopped', riggedJobs, riggedRunner(log, 0));
    const first = events.find((event) => event.kind === 'progress');
    expect(first).toMatchObject({ job: { title: 'learn 0' }, done: 5 });
  });

  test('are done again where a copy of their result was broken off', async () => {
    const { log, store } = await newStore('half-copied');
    await mkdir(store.resultFolder(learn.hash), { recursive: true });
    await writeFile(`${store.resultFolder(learn.hash)}/picture-0.txt`, 'half a pic');
    expect(await store.isDone(learn.hash)).toBe(false);
    await complete('half-copied', riggedJobs, riggedRunner(log, 0));
    await expectWholeResults('half-copied');
  });

  test('that fail after another process has done them are not failures', async () => {
    const { log, store } = await newStore('late');
    await complete('late', riggedJobs, riggedRunner(log, 0));
    await store.fail(learn, 'its folder is gone');
    expect(await store.failures(allHashes)).toEqual([]);
  });

  test('that nobody does are refused instead of waited for', async () => {
    const { log } = await newStore('incomplete');
    await expect(complete('incomplete', [edit], riggedRunner(log, 0))).rejects.toThrow(/plan both together/);
  });
});

describe('a process that gives no sign of life for long', () => {
  /** Takes the job away once, as others do from one that they take for dead, at the first job's fifth step. */
  function robbed(run: JobRunner<Job>, rob: () => Promise<void>): JobRunner<Job> {
    let isRobbed = false;
    return async function* (job, context) {
      const running = run(job, context);
      let next = await running.next();
      for (; !next.done; next = await running.next()) {
        if (!isRobbed && next.value.done === 5) {
          isRobbed = true;
          await rob();
        }
        yield next.value;
      }
      return next.value;
    };
  }

  test('finds its job done by another one, and that is no failure', async () => {
    const { log, store } = await newStore('overtaken');
    const good = riggedRunner(log, 0);
    const rob = async () => {
      await rm(store.lockPath(learn.hash));
      await complete('overtaken', [learn], good);
    };
    const { summary, events } = await complete('overtaken', riggedJobs, robbed(good, rob));
    expect(summary).toMatchObject({ done: 12, failed: [] });
    expect(events).toContainEqual({ kind: 'finished', job: learn, by: 'another process' });
    await expectWholeResults('overtaken');
  });

  test('leaves its job and the lock to the other one, and waits for it', async () => {
    const { log, store } = await newStore('robbed');
    let taken: FileLock | undefined;
    const rob = async () => {
      await rm(store.lockPath(learn.hash));
      taken = await tryLock(store.lockPath(learn.hash));
      await store.begin(learn.hash);
    };
    const running = runJobs([learn], { store, run: robbed(riggedRunner(log, 0), rob) });
    const kinds: string[] = [];
    let next = await running.next();
    for (; !next.done; next = await running.next()) {
      kinds.push(next.value.kind);
      if (next.value.kind !== 'waiting') continue;
      expect(await taken!.isHeld()).toBe(true);
      await taken!.release();
    }
    expect(next.value).toMatchObject({ done: 1, failed: [] });
    expect(kinds.filter((kind) => kind !== 'progress')).toEqual([
      ...['planned', 'started', 'waiting', 'started', 'finished'],
    ]);
    expect(await store.failures(allHashes)).toEqual([]);
  });
});

const children: ChildProcess[] = [];

function start(name: string, milliseconds: number) {
  const script = fileURLToPath(new URL('rigged-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, folder.path(name), String(milliseconds)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  return {
    child,
    output: () => output,
    ended: once(child, 'exit') as Promise<[code: number | null, signal: string | null]>,
  };
}

/** Every result is whole, and there are no others. */
async function expectWholeResults(name: string) {
  const store = jobStore(folder.path(name));
  for (const { hash, title } of riggedJobs) {
    expect(await store.readResult(hash)).toMatchObject({ title, steps: 10 });
    expect((await stat(`${store.resultFolder(hash)}/whole.txt`)).size).toBe(100_000);
  }
  expect(await readdir(folder.path(`${name}/results`))).toHaveLength(riggedJobs.length);
}

describe('processes', () => {
  test('that are killed at any moment lose no more than the step they were at', async () => {
    const { log } = await newStore('killed');
    for (const wait of [30, 90, 200, 410]) {
      const { child, output, ended } = start('killed', 60);
      while (!output().includes('started')) await delay(5);
      await delay(wait);
      child.kill('SIGKILL');
      expect((await ended)[1]).toBe('SIGKILL');
    }
    const { ended } = start('killed', 20);
    expect((await ended)[0]).toBe(0);
    await expectWholeResults('killed');
    const lines = await linesOf(log);
    for (const { title } of riggedJobs) {
      const [begun, done] = [`begin ${title}`, `end ${title}`].map(
        (text) => lines.filter((line) => line === text).length,
      );
      // A kill can fall between the end of a job and its renaming: then it is begun again, its result not doubled.
      expect(begun).toBeGreaterThanOrEqual(done!);
      expect(lines.lastIndexOf(`end ${title}`)).toBeGreaterThan(lines.lastIndexOf(`begin ${title}`));
    }
    expect(lines.filter((line) => line.startsWith('begin')).length).toBeLessThanOrEqual(
      riggedJobs.length + 5,
    );
  }, 60_000);

  test('share a folder: each job is begun once', async () => {
    const { log } = await newStore('shared');
    const processes = [start('shared', 100), start('shared', 100)];
    for (const { ended } of processes) expect((await ended)[0]).toBe(0);
    await expectWholeResults('shared');
    const begun = (await linesOf(log)).filter((line) => line.startsWith('begin'));
    expect(begun).toHaveLength(riggedJobs.length);
    expect(new Set(begun).size).toBe(riggedJobs.length);
    for (const { output } of processes) expect(output()).toContain('started');
  }, 60_000);

  test('take over from one that died', async () => {
    await newStore('dead');
    const [first, second] = [start('dead', 600), start('dead', 100)];
    while (!first.output().includes('started')) await delay(5);
    first.child.kill('SIGKILL');
    expect((await second.ended)[0]).toBe(0);
    await expectWholeResults('dead');
  }, 60_000);
});
