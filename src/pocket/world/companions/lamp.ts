import { box, ellipse, polygon } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A floor lamp with its light on. */
export const lamp: CompanionDrawing = {
  place: 'behind',
  shadow: 9,
  half: 12,
  draw: (ink, colour) =>
    fill(ellipse(0, -46, 20), '#fff2b8', 0.22) +
    ink.body(
      { path: box(-1.1, -46, 2.2, 45), fill: '#8a6a4a', form: 'flat' },
      { path: ellipse(0, -1.6, 7, 2.2), fill: '#8a6a4a' },
    ) +
    ink.body({ path: ellipse(0, -40.6, 3), fill: '#fff6c8', form: 'flat' }) +
    ink.body({
      path: polygon([
        [-6, -58],
        [6, -58],
        [11, -41],
        [-11, -41],
      ]),
      fill: colour,
    }) +
    fill(
      polygon([
        [-10.4, -43],
        [10.4, -43],
        [11, -41],
        [-11, -41],
      ]),
      '#fff6c8',
      0.8,
    ),
};
