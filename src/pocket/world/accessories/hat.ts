import { mix } from '../colours.ts';
import { box, ellipse, smooth } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { DrawAccessory } from './index.ts';

/** A brimmed hat with a band; the origin is the middle of the brim. */
export const hat: DrawAccessory = (ink, colour, reach) => {
  const top = smooth([
    [-reach * 0.62, 0.5],
    [-reach * 0.6, -reach * 0.62],
    [-reach * 0.3, -reach * 0.92],
    [reach * 0.3, -reach * 0.92],
    [reach * 0.6, -reach * 0.62],
    [reach * 0.62, 0.5],
  ]);
  return (
    ink.body({ path: ellipse(0, 0, reach * 1.08, reach * 0.27), fill: colour }) +
    ink.body({ path: top, fill: colour }) +
    ink.within(top, fill(box(-reach, -reach * 0.36, 2 * reach, reach * 0.3), mix(colour, '#fff3d6', 0.7)))
  );
};
