import { star } from '../drawing/path.ts';
import type { Marks } from './index.ts';
import { scatter } from './scatter.ts';

/** Stars with five points, turned at random. */
export const stars: Marks = (coat, chance) =>
  scatter(coat, 9.4, chance)
    .map(([x, y]) => star(x, y, chance.between(3.5, 4.2), chance.between(-0.06, 0.06)))
    .join('');
