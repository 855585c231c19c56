import { type Point, smooth } from '../drawing/path.ts';
import type { Marks } from './index.ts';

/** A few large irregular patches, as on a cow; small parts have one. */
export const patches: Marks = ({ length, girth }, chance) => {
  const count = length > 14 ? 3 : length > 7 ? 2 : 1;
  let path = '';
  for (let i = 0; i < count; i++) {
    const x = -length + ((2 * length) / count) * (i + 0.5) + chance.between(-0.15, 0.15) * length;
    const y = chance.between(-0.7, 0.5) * girth;
    const radius = Math.min(girth * 0.75, length * 0.55, 7.5) * chance.between(0.8, 1.1);
    path += smooth(
      Array.from({ length: 7 }, (_, corner): Point => {
        const angle = (corner / 7) * 2 * Math.PI;
        const reach = radius * chance.between(0.75, 1.2);
        return [x + 1.2 * reach * Math.cos(angle), y + reach * Math.sin(angle)];
      }),
    );
  }
  return path;
};
