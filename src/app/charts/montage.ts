import { makePicture, type Picture } from '../../files/images/index.ts';

const GAP = 4;

/** Pictures of one size in rows on white, with gaps between them. */
export function montage(rows: readonly (readonly Picture[])[]): Picture {
  const { height, width } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const sheetWidth = columns * (width + GAP) - GAP;
  const sheetHeight = rows.length * (height + GAP) - GAP;
  const pixels = new Uint8Array(3 * sheetWidth * sheetHeight).fill(255);
  for (const [row, pictures] of rows.entries()) {
    for (const [column, picture] of pictures.entries()) {
      for (let y = 0; y < height; y++) {
        const line = picture.pixels.subarray(3 * y * width, 3 * (y + 1) * width);
        const top = row * (height + GAP) + y;
        pixels.set(line, 3 * (top * sheetWidth + column * (width + GAP)));
      }
    }
  }
  return makePicture(sheetHeight, sheetWidth, pixels);
}

/** The same pictures in rows of at most so many. */
export const rowsOf = <T>(items: readonly T[], columns: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / columns) }, (_, row) =>
    items.slice(row * columns, (row + 1) * columns),
  );
