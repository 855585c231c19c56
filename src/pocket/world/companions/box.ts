import { box as rectangle, smooth } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A present with a ribbon. */
export const box: CompanionDrawing = {
  place: 'behind',
  shadow: 14,
  half: 14,
  draw: (ink, colour) => {
    const ribbon = '#fdf3da';
    const loop = (side: 1 | -1) =>
      smooth([
        [0, -21],
        [side * 5, -28],
        [side * 9, -26],
        [side * 7, -21.4],
      ]);
    return (
      ink.body({ path: rectangle(-12, -18, 24, 18, 1), fill: colour, form: 'flat' }) +
      fill(rectangle(-2.4, -18, 4.8, 18), ribbon) +
      ink.body({ path: loop(-1), fill: ribbon }, { path: loop(1), fill: ribbon }) +
      ink.body({ path: rectangle(-13.4, -22, 26.8, 6, 1), fill: colour, form: 'flat' }) +
      fill(rectangle(-2.4, -22, 4.8, 6), ribbon)
    );
  },
};
