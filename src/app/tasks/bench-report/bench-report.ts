import { z } from 'zod';
import { writeReport } from '../../benchmark/report/write-report.ts';
import { hints } from '../parameters/shared-parameters.ts';
import { defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';

export interface BenchmarkReport {
  readonly files: readonly string[];
  readonly tables: number;
  /** Edits that were asked for and are not done. */
  readonly missing: number;
}

/** The report of what is done so far, while the benchmark runs or after it. */
export const benchReport = defineTask({
  summary: 'Write the report of a benchmark from what is done of it',
  examples: [['benchmark/', 'a page, JSON, CSV and LaTeX tables in benchmark/report']],
  parameters: z.object({
    folder: z
      .string()
      .min(1)
      .default('benchmark')
      .describe('The folder that "bench" writes to')
      .meta(hints({ argument: true, placeholder: 'folder' })),
  }),

  async *run({ folder }): AsyncGenerator<TaskEvent, BenchmarkReport> {
    yield { kind: 'stage', stage: 'Writing the report' };
    const { paths, tables, missing } = await writeReport(folder);
    for (const path of paths) yield { kind: 'file', path };
    return { files: paths, tables: tables.length, missing };
  },

  describe: ({ files, missing }) =>
    [...(missing === 0 ? [] : [`${missing} edits that were asked for are not done yet`]), ...files].join(
      '\n',
    ),
});
