import { box } from '../drawing/path.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** A wooden chair with a cushion. */
export const chair: CompanionDrawing = {
  place: 'behind',
  shadow: 14,
  half: 14,
  draw: (ink, colour) => {
    const wood = '#b07d4c';
    const bar = (x: number, y: number, width: number, height: number) => ({
      path: box(x, y, width, height, 1),
      fill: wood,
      form: 'flat' as const,
    });
    return (
      ink.body({ ...bar(-8, -19, 2.4, 17), form: 'far' }, { ...bar(8.6, -19, 2.4, 17), form: 'far' }) +
      ink.body(
        bar(-11.6, -50, 3, 50),
        bar(8.6, -50, 3, 34),
        bar(-11, -48, 22, 5.4),
        bar(-11, -38, 22, 3.6),
        bar(-11, -30, 22, 3.6),
      ) +
      ink.body(bar(-13, -20, 26, 4), bar(10, -19, 3, 19)) +
      ink.body({ path: box(-12.4, -24, 24.8, 5, 2.4), fill: colour })
    );
  },
};
