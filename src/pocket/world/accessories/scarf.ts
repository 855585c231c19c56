import { mix } from '../colours.ts';
import { smooth, tube } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { DrawAccessory } from './index.ts';

/** A knitted scarf: a roll round the neck and an end hanging down with a lighter stripe. */
export const scarf: DrawAccessory = (ink, colour, reach) => {
  const end = smooth([
    [reach * 0.1, 0.5],
    [reach * 0.62, 0.6],
    [reach * 0.8, 10],
    [reach * 0.15, 10.8],
  ]);
  const stripe = tube(
    [
      [0, 7.6],
      [reach, 6.8],
    ],
    [0.9, 0.9],
  );
  const roll = tube(
    [
      [-reach, -1.2],
      [0, 1.7],
      [reach, -1.2],
    ],
    [2.5, 2.9, 2.5],
  );
  return (
    ink.body({ path: end, fill: colour, form: 'flat' }) +
    ink.within(end, fill(stripe, mix(colour, '#ffffff', 0.6))) +
    ink.body({ path: roll, fill: colour })
  );
};
