import { number } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { CompanionDrawing } from './companion-drawing.ts';

/** Tall green blades in front of the subject's feet. */
export const reeds: CompanionDrawing = {
  place: 'front',
  shadow: 0,
  half: 15,
  draw: (_ink, _colour, chance) => {
    const shades = ['#3f8442', '#569c4a', '#78b656'];
    const blades = Array.from({ length: 24 }, (_, index) => {
      const [x, tall] = [chance.between(-15, 15), chance.between(11, 23)];
      const [tip, half] = [x + chance.between(-7, 7), chance.between(0.9, 1.5)];
      const foot = number(chance.between(-0.5, 2.4));
      const bend = number(-tall * 0.55);
      const path = `M${number(x - half)} ${foot}Q${number(x - half * 0.8)} ${bend} ${number(tip)} ${number(-tall)}Q${number(x + half * 1.4)} ${bend} ${number(x + half)} ${foot}Z`;
      return stroke(path, '#23502f', 0.9) + fill(path, shades[index % 3]!);
    });
    return blades.join('');
  },
};
