import { ellipse, number } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** Tulip-like flowers in front of the subject's feet. */
export const flowers: CompanionDrawing = {
  place: 'front',
  shadow: 0,
  half: 14,
  draw: (ink, colour, chance) =>
    [-12, -7, -2, 3, 8, 13]
      .map((middle) => {
        const [x, y] = [middle + chance.between(-1.6, 1.6), -chance.between(10, 19)];
        const stem = `M${number(middle)} 2Q${number(middle)} ${number(y / 2)} ${number(x)} ${number(y)}`;
        const leaf = `M${number(middle)} 1Q${number(middle + 5)} -3 ${number(middle + 4.4)} -9Q${number(middle)} -6 ${number(middle)} 1Z`;
        const petals = [0, 72, 144, 216, 288].map((turn) => {
          const angle = ((turn + 18) / 180) * Math.PI;
          return ellipse(x + 2.1 * Math.cos(angle), y + 2.1 * Math.sin(angle), 1.9);
        });
        return (
          stroke(stem, '#23502f', 2) +
          stroke(stem, '#569c4a', 1.1) +
          ink.body({ path: leaf, fill: '#569c4a' }) +
          ink.body(...petals.map((path) => ({ path, fill: colour, form: 'flat' as const }))) +
          fill(ellipse(x, y, 1.5), '#f7d04a')
        );
      })
      .join(''),
};
