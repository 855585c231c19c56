import type { Chance } from '../chance.ts';
import { ellipse, polygon } from '../drawing/path.ts';
import { downwardGradient, fill, group } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { hills, sun } from './scenery.ts';

export const snow: BackgroundDrawing = {
  tint: [0.96, 0.98, 1.02],
  ground: [90, 78],
  draw: (chance, light) => {
    const horizon = chance.between(50, 58);
    const trees = Array.from({ length: 9 }, (_, index) =>
      fir(chance, 4 + index * 11.5 + chance.between(-5, 5), horizon + chance.between(1, 5)),
    );
    let flakes = '';
    for (let i = 0; i < 44; i++) {
      flakes += ellipse(chance.between(0, 100), chance.between(0, 100), chance.between(0.35, 0.85));
    }
    return {
      definitions:
        downwardGradient('sky', [
          [0, chance.pick(['#8fb3dc', '#a3b8d8', '#b9a9d6'])],
          [1, '#eef3f9'],
        ]) +
        downwardGradient('drift', [
          [0, '#ffffff'],
          [1, '#bfd3ea'],
        ]),
      svg:
        fill('M0 0H100V75H0Z', 'url(#sky)') +
        sun(chance, light, '#fffdf0', '#ffffff') +
        mountains(chance, horizon) +
        fill(hills(chance, horizon - 1, 3), '#dbe7f3') +
        trees.join('') +
        fill(hills(chance, horizon + 6, 3), 'url(#drift)') +
        fill(hills(chance, 86, 3), '#cfdff0', 0.5) +
        fill(flakes, '#ffffff', 0.95),
    };
  },
};

function mountains(chance: Chance, horizon: number): string {
  return [10, 45, 82]
    .map((middle) => {
      const [x, top] = [middle + chance.between(-9, 9), horizon - chance.between(18, 30)];
      const half = chance.between(24, 32);
      const peak = (share: number) =>
        [x + half * share, top + (horizon + 4 - top) * Math.abs(share)] as const;
      return (
        fill(polygon([peak(-1), peak(0), peak(1)]), '#8fa5c8') +
        fill(polygon([peak(-0.34), peak(0), peak(0.34), [x + 3, top + 7], [x - 2, top + 10]]), '#f7fbff')
      );
    })
    .join('');
}

function fir(chance: Chance, x: number, y: number): string {
  const tier = (top: number, half: number) =>
    fill(
      polygon([
        [-half, top + 9],
        [0, top],
        [half, top + 9],
      ]),
      '#3f7568',
    ) +
    fill(
      polygon([
        [-half * 0.5, top + 4.5],
        [0, top],
        [half * 0.5, top + 4.5],
        [0, top + 6],
      ]),
      '#f4faff',
    );
  const drawing = fill('M-1 -3H1V1H-1Z', '#6a4a38') + tier(-11, 6.5) + tier(-16, 5.2) + tier(-21, 3.8);
  return group(drawing, x, y, 0, Math.round(chance.between(70, 125)) / 100);
}
