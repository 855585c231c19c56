import { box } from '../drawing/path.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A piece of low fence in front of the subject's feet. */
export const fence: CompanionDrawing = {
  place: 'front',
  shadow: 0,
  half: 17,
  draw: (ink, colour) => {
    const picket = (x: number) => ({
      path: `M${x - 2.2} 2V-13L${x} -16L${x + 2.2} -13V2Z`,
      fill: colour,
      form: 'flat' as const,
    });
    return (
      ink.body(
        { path: box(-17, -11, 34, 2.6, 0.8), fill: colour, form: 'flat' },
        { path: box(-17, -4, 34, 2.6, 0.8), fill: colour, form: 'flat' },
      ) + [-13.6, -4.5, 4.5, 13.6].map((x) => ink.body(picket(x))).join('')
    );
  },
};
