import { drawChart } from './draw-chart.ts';

/** Numbers from −1 to 1 in rows and columns, each shown as a colour and by two digits. */
export function drawMatrix(matrix: {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly valueAt: (row: number, column: number) => number;
}): Promise<Uint8Array> {
  const { rows, columns, valueAt } = matrix;
  const cells = rows.flatMap((row, y) => columns.map((column, x) => ({ row, column, value: valueAt(y, x) })));
  const place = { x: 'column', y: 'row' };
  return drawChart(({ cell, text }) => ({
    width: 260 + 36 * columns.length,
    height: 100 + 26 * rows.length,
    marginLeft: 240,
    marginBottom: 90,
    padding: 0.05,
    x: { label: null, domain: columns, tickRotate: -45 },
    y: { label: null, domain: rows },
    color: { scheme: 'blues' },
    marks: [
      cell(cells, { ...place, fill: 'value' }),
      text(cells, { ...place, text: ({ value }) => value.toFixed(2), fill: readable(cells), fontSize: 8 }),
    ],
  }));
}

/** White on the darker half of the scale. */
function readable(
  cells: readonly { readonly value: number }[],
): (cell: { readonly value: number }) => string {
  const values = cells.map(({ value }) => value);
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  return ({ value }) => (value > middle ? 'white' : 'black');
}
