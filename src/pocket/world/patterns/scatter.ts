import type { Chance } from '../chance.ts';
import type { Point } from '../drawing/path.ts';
import type { Coat } from './index.ts';

/** Points over a coat in staggered rows about `spacing` apart, each moved a little at random. */
export function scatter({ length, girth }: Coat, spacing: number, chance: Chance): Point[] {
  const rows = Math.max(1, Math.round((2 * girth) / (spacing * 0.87)));
  const columns = Math.max(1, Math.round((2 * length) / spacing));
  const [rowStep, columnStep] = [(2 * girth) / rows, (2 * length) / columns];
  const points: Point[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const stagger = rows === 1 ? 0 : row % 2 === 0 ? -0.25 : 0.25;
      points.push([
        -length + columnStep * (column + 0.5 + stagger + chance.between(-0.12, 0.12)),
        -girth + rowStep * (row + 0.5 + chance.between(-0.12, 0.12)),
      ]);
    }
  }
  return points;
}
