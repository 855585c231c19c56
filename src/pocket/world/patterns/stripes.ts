import { type Point, smooth } from '../drawing/path.ts';
import type { Marks } from './index.ts';

/** Bands across the part, bent round it, thinner toward the belly. */
export const stripes: Marks = ({ length, girth }, chance) => {
  const count = Math.max(1, Math.round(length / 4));
  const step = (2 * length) / count;
  let path = '';
  for (let i = 0; i < count; i++) {
    const x = -length + step * (i + 0.5) + chance.between(-0.4, 0.4);
    const half = Math.min(step, 8.2) * chance.between(0.21, 0.29);
    const bend = 1.1 + (x / length) * 1.2;
    const outline: Point[] = [
      [x - half, -1.3 * girth],
      [x - half + bend, 0],
      [x - half * 0.3, 1.15 * girth],
      [x + half * 0.3, 1.15 * girth],
      [x + half + bend, 0],
      [x + half, -1.3 * girth],
    ];
    path += smooth(outline);
  }
  return path;
};
