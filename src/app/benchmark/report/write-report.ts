import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import { collectRecords } from './collect-records.ts';
import { csvOf } from './figures-csv.ts';
import { latexTables } from './latex-tables.ts';
import { reportPage } from './page.ts';
import { machineTime, summarize, type TableSummary } from './summarize.ts';

export interface WrittenReport {
  readonly paths: readonly string[];
  readonly tables: readonly TableSummary[];
  /** Cells that were asked for and are not done. */
  readonly missing: number;
}

/**
 * Writes what is done in a benchmark's folder as index.html, report.json, figures.csv and tables.tex into its folder
 * `report`.
 * @throws TaskError if nothing was run there
 */
export async function writeReport(folder: string): Promise<WrittenReport> {
  const records = await collectRecords(folder);
  const tables = summarize(records.cells);
  const { titles, model, instruments, runs, missing, failures, leftOut } = records;
  const json = {
    titles,
    model,
    instruments,
    tables,
    missing,
    failures,
    leftOut,
    runs,
    seconds: machineTime(records.cells),
  };
  const files: Readonly<Record<string, string>> = {
    'index.html': await reportPage(records, tables),
    'report.json': `${JSON.stringify(json, undefined, 1)}\n`,
    'figures.csv': csvOf(records.cells),
    'tables.tex': latexTables(tables),
  };
  const target = join(folder, 'report');
  await mkdir(target, { recursive: true });
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(target, name);
    await replaceFile(path, (write) => write(Buffer.from(text)));
    paths.push(path);
  }
  return { paths, tables, missing };
}
