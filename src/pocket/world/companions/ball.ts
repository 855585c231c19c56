import { lightness } from '../colours.ts';
import { ellipse } from '../drawing/path.ts';
import { fill, group } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A beach ball. */
export const ball: CompanionDrawing = {
  place: 'behind',
  shadow: 11,
  half: 12,
  draw: (ink, colour, chance) => {
    const round = ellipse(0, -11, 11);
    const cloth = lightness(colour) > 0.75 ? '#d8574e' : '#fdf6e6';
    const turn = chance.between(-40, 40);
    const segment = (at: number) => group(fill('M0 0Q-7 -7 -2 -13H9Q6 -5 0 0Z', cloth), 0, -11, turn + at);
    return (
      ink.body({ path: round, fill: colour, form: 'flat' }) +
      ink.within(round, [0, 120, 240].map(segment).join('')) +
      fill(ellipse(0, -11, 1.8), cloth) +
      ink.light(round)
    );
  },
};
