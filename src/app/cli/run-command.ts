import { TaskStopped } from '../runs/stopped.ts';
import type { TaskInput, TaskName, TaskResult } from '../tasks/index.ts';
import { tasks } from '../tasks/index.ts';
import { runTask } from '../tasks/run-task.ts';
import { type Display, jsonDisplay, printable, quietDisplay, terminalDisplay } from './display.ts';
import { flagOf } from './flags.ts';
import { exitCodeOf, Interrupted, watchInterruption } from './interruption.ts';

/** Flags that every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Runs a task for the command line; the exit code. */
export async function runCommand<N extends TaskName>(
  name: N,
  given: () => Readonly<Record<string, unknown>>,
  { json = false, verbose = false }: CommonFlags,
): Promise<number> {
  const display = chooseDisplay(json);
  const interruption = watchInterruption((message) => {
    display.finish();
    process.stderr.write(`${message}\n`);
  });
  try {
    const events = runTask(name, given() as TaskInput<N>, { signal: interruption.signal, nameOf: flagOf });
    let next = await events.next();
    for (; !next.done; next = await events.next()) display.show(next.value);
    display.finish();
    printResult(name, next.value, json);
    return 0;
  } catch (error) {
    display.finish();
    if (json) process.stdout.write(`${JSON.stringify({ kind: 'error', message: messageOf(error) })}\n`);
    process.stderr.write(`${describeError(error, verbose)}\n`);
    const stopped = error instanceof TaskStopped ? error.cause : error;
    return stopped instanceof Interrupted ? exitCodeOf(stopped.signal) : 1;
  } finally {
    interruption.dispose();
  }
}

const chooseDisplay = (json: boolean): Display => {
  if (json) return jsonDisplay(process.stdout);
  return process.stderr.isTTY
    ? terminalDisplay(process.stderr, () => performance.now())
    : quietDisplay(process.stderr);
};

function printResult<N extends TaskName>(name: N, result: TaskResult<N>, json: boolean): void {
  const describe = tasks[name].describe as (result: TaskResult<N>) => string;
  const text = json ? JSON.stringify({ kind: 'result', result }) : printable(describe(result));
  if (text !== '') process.stdout.write(`${text}\n`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One line; where it comes from only on request. */
function describeError(error: unknown, verbose: boolean): string {
  if (error instanceof Interrupted || error instanceof TaskStopped) return error.message;
  const sentence = `dreamsteerer: ${printable(messageOf(error)).replaceAll(/\s*\n\s*/g, ' ')}`;
  if (!verbose || !(error instanceof Error)) return sentence;
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
  return `${sentence}\n${error.stack}${cause}`;
}
