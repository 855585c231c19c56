import { ellipse, polygon } from '../drawing/path.ts';
import { stroke } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A balloon on a string that is tied to the ground. */
export const balloon: CompanionDrawing = {
  place: 'behind',
  shadow: 4,
  half: 11,
  draw: (ink, colour, chance) => {
    const sway = Math.round(chance.between(-3, 3));
    return (
      stroke(`M${sway} -37C${sway + 4} -26 ${-sway - 3} -14 0 0`, '#4a3a4c', 0.8) +
      ink.body({
        path: polygon([
          [sway, -38],
          [sway - 2, -35],
          [sway + 2, -35],
        ]),
        fill: colour,
      }) +
      ink.body({ path: ellipse(sway, -50, 10, 12.4), fill: colour })
    );
  },
};
