import type { CellRecord } from './collect-records.ts';
import { oneOfEachCase } from './summarize.ts';

/**
 * Every figure as a line: suite, baseline, variant, concept, source, seed, step, metric, value. The variant
 * `autoencoder` is the source encoded and decoded without an edit, at step 0, once a case.
 */
export function csvOf(cells: readonly CellRecord[]): string {
  const lines = [
    ...oneOfEachCase(cells).flatMap((cell) => linesOf(cell, 'autoencoder', 0, cell.autoencoder)),
    ...cells.flatMap((cell) =>
      cell.steps.flatMap(({ step, figures }) => linesOf(cell, cell.variant, step, figures)),
    ),
  ];
  return ['suite,baseline,variant,concept,source,seed,step,metric,value', ...lines, ''].join('\n');
}

const linesOf = (
  { suite, baseline, concept, source, seed }: CellRecord,
  variant: string,
  step: number,
  figures: CellRecord['autoencoder'],
): readonly string[] =>
  Object.entries(figures).map(([metric, value]) =>
    [suite, baseline, variant, concept, source, seed, step, metric, value].map(quoted).join(','),
  );

const quoted = (value: string | number): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
