import { ellipse } from '../drawing/path.ts';
import type { Marks } from './index.ts';
import { scatter } from './scatter.ts';

/** Round spots of slightly differing sizes. */
export const spots: Marks = (coat, chance) =>
  scatter(coat, 8, chance)
    .map(([x, y]) => ellipse(x, y, chance.between(2, 2.7), chance.between(1.9, 2.5)))
    .join('');
