import { ellipse, tube } from '../drawing/path.ts';
import type { DrawAccessory } from './index.ts';

/** A narrow collar with a golden bell. */
export const collar: DrawAccessory = (ink, colour, reach) =>
  ink.body({
    path: tube(
      [
        [-reach, -1],
        [0, 1.4],
        [reach, -1],
      ],
      [1.3, 1.5, 1.3],
    ),
    fill: colour,
  }) + ink.body({ path: ellipse(reach * 0.15, 3.6, 2.1), fill: '#f6c73c' });
