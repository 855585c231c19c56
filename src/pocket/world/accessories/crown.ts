import { mix } from '../colours.ts';
import { ellipse, polygon } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { DrawAccessory } from './index.ts';

/** A crown with three points; the origin is the middle of its rim. */
export const crown: DrawAccessory = (ink, colour, reach) => {
  const [w, h] = [reach * 0.78, reach * 0.95];
  const jewel = mix(colour, '#ffffff', 0.75);
  return (
    ink.body({
      path: polygon([
        [-w, 0.8],
        [-w * 1.12, -h],
        [-w * 0.48, -h * 0.45],
        [0, -h * 1.15],
        [w * 0.48, -h * 0.45],
        [w * 1.12, -h],
        [w, 0.8],
      ]),
      fill: colour,
      form: 'flat',
    }) + [-0.55, 0, 0.55].map((at) => fill(ellipse(at * w, -h * 0.2, reach * 0.12), jewel)).join('')
  );
};
