import type { z } from 'zod';
import { firstError } from '../../engine/index.ts';
import { defaultContext } from './default-context.ts';
import { type TaskInput, type TaskName, type TaskResult, tasks } from './index.ts';
import { describeParameters } from './parameters/describe-parameters.ts';
import { type NameParameter, parseParameters } from './parameters/parse-parameters.ts';
import { ParameterError, type Task, type TaskContext } from './task.ts';
import type { TaskEvent } from './task-event.ts';

export interface RunTaskOptions extends Partial<TaskContext> {
  /** How messages call parameters. Default: by their names. */
  readonly nameOf?: NameParameter;
}

/**
 * Runs a task: checks what is given, then yields its events and returns its result.
 * @throws TaskError where the parameters are wrong, and what the task throws
 */
export async function* runTask<N extends TaskName>(
  name: N,
  given: TaskInput<N>,
  { nameOf, ...context }: RunTaskOptions = {},
): AsyncGenerator<TaskEvent, TaskResult<N>> {
  // One task of the table: its parameters belong to its run, which the type of a union cannot say.
  const task = tasks[name] as unknown as Task<(typeof tasks)[N]['parameters'], TaskResult<N>>;
  try {
    const parameters = parseParameters(task.parameters, given as Readonly<Record<string, unknown>>);
    context.signal?.throwIfAborted();
    return yield* task.run(parameters, { ...defaultContext(), ...context });
  } catch (thrown) {
    const error = firstError(thrown);
    throw nameOf !== undefined && error instanceof ParameterError ? renamed(error, task, nameOf) : error;
  }
}

function renamed(
  error: ParameterError,
  { parameters }: Pick<Task<z.ZodObject, unknown>, 'parameters'>,
  nameOf: NameParameter,
): ParameterError {
  const parameter = describeParameters(parameters).find(({ name }) => name === error.parameter);
  if (parameter === undefined) return error;
  return new ParameterError(error.parameter, error.problem, { cause: error, calledAs: nameOf(parameter) });
}

/** Runs a task to its end; its events go to `onEvent`. */
export async function completeTask<N extends TaskName>(
  name: N,
  given: TaskInput<N>,
  options: RunTaskOptions & { readonly onEvent?: (event: TaskEvent) => void } = {},
): Promise<TaskResult<N>> {
  const { onEvent, ...rest } = options;
  const events = runTask(name, given, rest);
  let next = await events.next();
  for (; !next.done; next = await events.next()) onEvent?.(next.value);
  return next.value;
}
