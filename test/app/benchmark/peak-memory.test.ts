import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import type { Job, JobContext, JobRunner } from '../../../src/app/benchmark/harness/job.ts';
import { withPeakMemory } from '../../../src/app/benchmark/harness/peak-memory.ts';

const job: Job = { kind: 'learn', hash: 'a', title: 'learn', after: [] };
const context: JobContext = { folder: 'folder', scratch: 'scratch', resultOf: (hash) => hash };

/** What the process is said to have; a look takes what it is then. */
let resident = 0;
let timers: MockInstance<typeof setInterval>;
let stopped: MockInstance<typeof clearInterval>;
beforeEach(() => {
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => resident);
  timers = vi.spyOn(globalThis, 'setInterval');
  stopped = vi.spyOn(globalThis, 'clearInterval');
});
afterEach(() => vi.restoreAllMocks());

async function complete(run: JobRunner<Job>) {
  const running = withPeakMemory(run)(job, context);
  const events = [];
  let next = await running.next();
  for (; !next.done; next = await running.next()) events.push(next.value);
  return { events, result: next.value };
}

function expectStopped() {
  expect(timers).toHaveBeenCalledTimes(1);
  expect(stopped).toHaveBeenCalledWith(timers.mock.results[0]!.value);
}

describe('the memory of a job', () => {
  test('is the most of its steps, beside what it made', async () => {
    const { events, result } = await complete(async function* () {
      for (const [step, bytes] of [30, 70, 50].entries()) {
        resident = bytes;
        yield { stage: 'working', done: step + 1, total: 3 };
      }
      resident = 40;
      return { loss: 1 };
    });
    expect(result).toEqual({ loss: 1, peakBytes: 70 });
    expect(events.map(({ done }) => done)).toEqual([1, 2, 3]);
    expectStopped();
  });

  test('is looked at between steps too, by a timer that keeps no process alive', async () => {
    const { result } = await complete(async function* () {
      resident = 90;
      await vi.waitFor(() => expect(vi.mocked(process.memoryUsage.rss).mock.results.at(-1)!.value).toBe(90));
      resident = 20;
      yield { stage: 'working', done: 1, total: 1 };
      return {};
    });
    expect(result).toEqual({ peakBytes: 90 });
    expect((timers.mock.results[0]!.value as NodeJS.Timeout).hasRef()).toBe(false);
    expectStopped();
  });

  test('is no longer looked at when the job fails', async () => {
    const failing = complete(async function* () {
      yield { stage: 'working', done: 1, total: 2 };
      throw new Error('the loss is not finite');
    });
    await expect(failing).rejects.toThrow('the loss is not finite');
    expectStopped();
  });

  test('is no longer looked at when the caller stops early, which ends the job too', async () => {
    let ended = false;
    const running = withPeakMemory(async function* () {
      try {
        yield { stage: 'working', done: 1, total: 2 };
        return {};
      } finally {
        await delay(1);
        ended = true;
      }
    })(job, context);
    await running.next();
    await running.return(undefined as never);
    expect(ended).toBe(true);
    expectStopped();
  });
});
