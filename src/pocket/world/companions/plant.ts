import { box, polygon, smooth } from '../drawing/path.ts';
import { group } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A leafy plant in a pot. */
export const plant: CompanionDrawing = {
  place: 'behind',
  shadow: 10,
  half: 14,
  draw: (ink, colour, chance) => {
    const leaf = (turn: number, long: number, green: string) =>
      group(
        ink.body({
          path: smooth([
            [0, 0],
            [-4, -long * 0.5],
            [0, -long],
            [4, -long * 0.5],
          ]),
          fill: green,
        }) + ink.line(`M0 -2V${Math.round(-long * 0.8)}`, green, 0.6),
        0,
        -15,
        turn,
      );
    const leaves = [-62, 60, -36, 34, -12, 14].map((turn, index) =>
      leaf(turn + chance.between(-6, 6), chance.between(20, 27), index % 2 === 0 ? '#4f9a56' : '#6fb562'),
    );
    return (
      leaves.join('') +
      ink.body({
        path: polygon([
          [-8, -14],
          [8, -14],
          [6, 0],
          [-6, 0],
        ]),
        fill: colour,
      }) +
      ink.body({ path: box(-9, -17, 18, 4.4, 1), fill: colour })
    );
  },
};
