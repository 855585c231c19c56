import { ellipse, polygon } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A standing mirror that shows the sky, not the subject. */
export const mirror: CompanionDrawing = {
  place: 'behind',
  shadow: 13,
  half: 15,
  draw: (ink, colour) => {
    const glass = ellipse(0, -32, 10.4, 20);
    return (
      ink.body(
        {
          path: polygon([
            [-10, 0],
            [-3, -14],
            [0, -14],
            [-6, 0],
          ]),
          fill: colour,
          form: 'flat',
        },
        {
          path: polygon([
            [10, 0],
            [3, -14],
            [0, -14],
            [6, 0],
          ]),
          fill: colour,
          form: 'flat',
        },
      ) +
      ink.body({ path: ellipse(0, -32, 13, 23), fill: colour }) +
      ink.body({ path: glass, fill: '#c9e6f2', form: 'flat' }) +
      ink.within(glass, fill('M-14 -18L10 -56L15 -52L-8 -12ZM-4 -12L16 -44L18 -41L0 -10Z', '#ffffff', 0.6))
    );
  },
};
