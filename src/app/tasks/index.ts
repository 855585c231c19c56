import type { z } from 'zod';
import { doctor } from './doctor/doctor.ts';
import { generate } from './generate/generate.ts';
import { inspect } from './inspect/inspect.ts';
import { pretrain } from './pretrain/pretrain.ts';

/** Every task by its name on the command line. A further one is a folder beside this file and a line here. */
export const tasks = { generate, inspect, doctor, pretrain } as const;

export type TaskName = keyof typeof tasks;

export const taskNames = Object.keys(tasks) as readonly TaskName[];

/** What a caller gives: parameters with defaults may be left out. */
export type TaskInput<N extends TaskName> = z.input<(typeof tasks)[N]['parameters']>;

/** What the task returns, plain JSON. */
export type TaskResult<N extends TaskName> =
  ReturnType<(typeof tasks)[N]['run']> extends AsyncGenerator<unknown, infer Result> ? Result : never;
