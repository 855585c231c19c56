import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { StepReport } from '../../../engine/index.ts';
import type { Training } from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import { TaskError } from '../task.ts';
import { jsonOrUndefined, type TrainingFolder } from './training-folder.ts';

const startSchema = z.object({
  kind: z.literal('start'),
  /** Steps made before. */
  step: z.number(),
  machine: z.string(),
});

const stepSchema = z.object({
  kind: z.literal('step'),
  step: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  gradientNorm: z.number(),
  /** That the step took, its batch included; of a run's first step, what the training is compiled in too. */
  seconds: z.number(),
});

const lineSchema = z.discriminatedUnion('kind', [startSchema, stepSchema]);

/** A line of a training's log: a run begins, or a step was made. */
export type LogLine = z.infer<typeof lineSchema>;
export type StepLine = z.infer<typeof stepSchema>;

export interface TrainingLog {
  append(report: StepReport, seconds: number): Promise<void>;
}

/** What the log of a training holds; nothing where there is none. @throws TaskError for a line that is none of a log */
export async function readLog(folder: TrainingFolder, training: Training): Promise<LogLine[]> {
  const path = folder.path(logName(training));
  if (!(await isThere(path))) return [];
  const lines = (await readFile(path, 'utf8')).split('\n');
  // The last line is empty, or was being written when the process ended.
  return lines.slice(0, -1).map((line, index) => {
    const parsed = lineSchema.safeParse(jsonOrUndefined(line));
    if (parsed.success) return parsed.data;
    throw new TaskError(`${path}, line ${index + 1}: is no line of a training's log; remove it`);
  });
}

/** Opens a log to go on behind a step: what an earlier run logged beyond its last saved state goes. */
export async function continueLog(
  folder: TrainingFolder,
  training: Training,
  { step, machine }: { readonly step: number; readonly machine: string },
): Promise<TrainingLog> {
  const kept = (await readLog(folder, training)).filter((line) =>
    line.kind === 'step' ? line.step <= step : line.step < step,
  );
  const lines: LogLine[] = [...kept, { kind: 'start', step, machine }];
  await folder.write(logName(training), Buffer.from(lines.map(textOf).join('')));
  return {
    append: ({ step, loss, learningRate, gradientNorm }, seconds) => {
      const line: LogLine = { kind: 'step', step, loss, learningRate, gradientNorm, seconds };
      return appendFile(folder.path(logName(training)), textOf(line));
    },
  };
}

export const stepsOf = (lines: readonly LogLine[]): StepLine[] =>
  lines.flatMap((line) => (line.kind === 'step' ? [line] : []));

/** Mean of the last steps; undefined if there are none. */
export function lastLoss(steps: readonly StepLine[]): number | undefined {
  const last = steps.slice(-50);
  return last.length === 0 ? undefined : last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
}

const logName = (training: Training) => `${training}.losses.jsonl`;

const textOf = (line: LogLine): string => `${JSON.stringify(line)}\n`;
