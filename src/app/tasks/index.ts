import type { z } from 'zod';
import { bench } from './bench/bench.ts';
import { benchInit } from './bench-init/bench-init.ts';
import { benchReport } from './bench-report/bench-report.ts';
import { demo } from './demo/demo.ts';
import { doctor } from './doctor/doctor.ts';
import { edit } from './edit/edit.ts';
import { generate } from './generate/generate.ts';
import { inspect } from './inspect/inspect.ts';
import { metrics } from './metrics/metrics.ts';
import { personalize } from './personalize/personalize.ts';
import { pretrain } from './pretrain/pretrain.ts';

/**
 * Every task by its name on the command line. A further one is a folder beside this file and a line here; of two words
 * the second is a command below the first, which stands before it.
 */
export const tasks = {
  demo,
  personalize,
  edit,
  generate,
  inspect,
  doctor,
  metrics,
  pretrain,
  bench,
  'bench init': benchInit,
  'bench report': benchReport,
} as const;

export type TaskName = keyof typeof tasks;

export const taskNames = Object.keys(tasks) as readonly TaskName[];

/** What a caller gives: parameters with defaults may be left out. */
export type TaskInput<N extends TaskName> = z.input<(typeof tasks)[N]['parameters']>;

/** What the task returns, plain JSON. */
export type TaskResult<N extends TaskName> =
  ReturnType<(typeof tasks)[N]['run']> extends AsyncGenerator<unknown, infer Result> ? Result : never;
