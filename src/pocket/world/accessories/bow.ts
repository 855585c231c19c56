import { ellipse, smooth } from '../drawing/path.ts';
import type { DrawAccessory } from './index.ts';

/** A ribbon bow around the origin. */
export const bow: DrawAccessory = (ink, colour, reach) => {
  const loop = (side: 1 | -1) =>
    smooth([
      [0, 0],
      [side * reach * 0.55, -reach * 0.62],
      [side * reach, -reach * 0.5],
      [side * reach, reach * 0.5],
      [side * reach * 0.55, reach * 0.62],
    ]);
  return (
    ink.body({ path: loop(-1), fill: colour }, { path: loop(1), fill: colour }) +
    ink.body({ path: ellipse(0, 0, reach * 0.3), fill: colour })
  );
};
