/**
 * The library: every task as a function of plain parameters, with the events of what it does meanwhile. What tasks are
 * made of is exported beside this: `dreamsteerer/engine`, `dreamsteerer/files/checkpoints`, `dreamsteerer/methods/diffusion`, …
 */
export { version } from './app/package-facts.ts';
export { defaultContext } from './app/tasks/default-context.ts';
export { type TaskInput, type TaskName, type TaskResult, taskNames, tasks } from './app/tasks/index.ts';
export {
  describeParameters,
  expectation,
  type ParameterDescription,
  type ParameterValues,
} from './app/tasks/parameters/describe-parameters.ts';
export { type NameParameter, parseParameters } from './app/tasks/parameters/parse-parameters.ts';
export { completeTask, type RunTaskOptions, runTask } from './app/tasks/run-task.ts';
export {
  ParameterError,
  type ParameterHints,
  type Task,
  type TaskContext,
  TaskError,
} from './app/tasks/task.ts';
export type { ProgressUnit, TaskEvent, TaskEventKind } from './app/tasks/task-event.ts';
