import type { CellRecord } from './collect-records.ts';

/** Every figure as a line: suite, baseline, variant, concept, source, seed, step, metric, value. */
export function csvOf(cells: readonly CellRecord[]): string {
  const lines = cells.flatMap(({ suite, baseline, variant, concept, source, seed, steps }) =>
    steps.flatMap(({ step, figures }) =>
      Object.entries(figures).map(([metric, value]) =>
        [suite, baseline, variant, concept, source, seed, step, metric, value].map(quoted).join(','),
      ),
    ),
  );
  return ['suite,baseline,variant,concept,source,seed,step,metric,value', ...lines, ''].join('\n');
}

const quoted = (value: string | number): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
