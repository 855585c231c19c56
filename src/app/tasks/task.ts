import type { z } from 'zod';
import type { HubOptions } from '../../files/hub/index.ts';
import type { TaskEvent } from './task-event.ts';

/**
 * Something that people ask for, as a library function, a command and later a page: all three derive from this. The
 * schema's descriptions, defaults and ranges become flags, help, form fields and the checks of what is given; `meta`
 * adds what a schema cannot say (`ParameterHints`).
 */
export interface Task<Parameters extends z.ZodObject, Result> {
  /** One line, without a full stop. */
  readonly summary: string;
  /** What comes after `dreamsteerer <name> ` on the command line, each with what it does. */
  readonly examples: readonly (readonly [commandLine: string, does: string])[];
  readonly parameters: Parameters;
  /**
   * Yields events and returns the result, which is plain JSON. Files appear whole or not at all.
   * @throws a sentence that says what to do; the signal's reason when it is aborted
   */
  run(parameters: z.output<Parameters>, context: TaskContext): AsyncGenerator<TaskEvent, Result>;
  /** The result for people to read; lines without a line feed at the end. */
  describe(result: Result): string;
}

/** What a task needs of the world around it. */
export interface TaskContext {
  readonly hub: HubOptions;
  /** Folder of the model that is used where none is named. */
  readonly builtInModel: string;
  readonly signal?: AbortSignal;
}

/** What a parameter's `meta` may say beside its schema. */
export interface ParameterHints {
  /** `pixels`, `steps`: shown behind the range. */
  readonly unit?: string;
  /** What stands for a default that is not a constant: "the model's own size". */
  readonly defaultText?: string;
  /** The value that `--no-<flag>` stands for. */
  readonly off?: string;
  /** The parameter may be given as the command's argument, without its flag; a list takes all that follow. */
  readonly argument?: boolean;
  /** One letter, the short form of the flag. */
  readonly short?: string;
  /** The flag of one item of a list: `concept` for `concepts`. */
  readonly item?: string;
  /** What stands for the value in help: `folder`. Default: by its type. */
  readonly placeholder?: string;
}

/** Checks at compile time that a task is one, and keeps its types. */
export const defineTask = <Parameters extends z.ZodObject, Result>(
  task: Task<Parameters, Result>,
): Task<Parameters, Result> => task;

/** What a caller asked for cannot be done: one sentence, what was expected, what was found, what to do. */
export class TaskError extends Error {
  override readonly name: string = 'TaskError';
}

/** The same about one parameter, which each face calls by its own name: `--save-steered` or `saveSteered`. */
export class ParameterError extends TaskError {
  override readonly name = 'ParameterError';
  readonly parameter: string;
  readonly problem: string;

  constructor(
    parameter: string,
    problem: string,
    { calledAs = parameter, ...options }: ErrorOptions & { readonly calledAs?: string } = {},
  ) {
    super(`${calledAs}: ${problem}`, options);
    this.parameter = parameter;
    this.problem = problem;
  }
}

/**
 * What `check` returns.
 * @throws ParameterError with the sentence of what it throws, which has the name of a function in front
 */
export function checked<Result>(parameter: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    const [, problem] = error instanceof Error ? (/^\w+: (.+)$/s.exec(error.message) ?? []) : [];
    if (problem === undefined) throw error;
    throw new ParameterError(parameter, problem, { cause: error });
  }
}
