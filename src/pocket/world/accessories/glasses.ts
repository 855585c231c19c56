import { curve, ellipse } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { DrawAccessory } from './index.ts';

/** Round glasses: `reach` is the distance from the bridge to the middle of a lens. */
export const glasses: DrawAccessory = (_ink, colour, reach) => {
  const radius = reach * 0.78;
  const lenses = ellipse(-reach, 0, radius) + ellipse(reach, 0, radius);
  const bridge = curve([
    [-reach * 0.25, -0.2],
    [0, -0.7],
    [reach * 0.25, -0.2],
  ]);
  return (
    fill(lenses, '#ffffff', 0.28) +
    stroke(lenses + bridge, '#22152f', 2.1) +
    stroke(lenses + bridge, colour, 1.3)
  );
};
