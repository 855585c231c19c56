import { ellipse } from '../drawing/path.ts';
import type { Marks } from './index.ts';
import { scatter } from './scatter.ts';

/** Round spots of slightly differing sizes. */
export const spots: Marks = (coat, chance) =>
  scatter(coat, 6.2, chance)
    .map(([x, y]) => ellipse(x, y, chance.between(1.5, 2.2), chance.between(1.4, 2)))
    .join('');
