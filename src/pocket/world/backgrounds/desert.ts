import type { Chance } from '../chance.ts';
import { ellipse, number, smooth } from '../drawing/path.ts';
import { downwardGradient, fill, group, linearGradient, stroke } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { hills, sun } from './scenery.ts';

export const desert: BackgroundDrawing = {
  tint: [1.02, 0.97, 0.9],
  ground: [90, 78],
  draw: (chance, light) => {
    const horizon = chance.between(50, 57);
    const [sky, low] = chance.pick([
      ['#f2a65a', '#fde2a8'],
      ['#7fc0d8', '#fbe8c0'],
      ['#d9738a', '#fbd19a'],
    ] as const);
    const cacti = Array.from({ length: 4 }, (_, index) =>
      cactus(chance, 8 + index * 28 + chance.between(-8, 8), horizon + chance.between(3, 11)),
    );
    return {
      definitions:
        downwardGradient('sky', [
          [0, sky],
          [1, low],
        ]) +
        linearGradient(
          'dune',
          [light === 'left' ? 0 : 1, 0, light === 'left' ? 1 : 0, 1],
          [
            [0, '#f2c074'],
            [1, '#c97f45'],
          ],
        ),
      svg:
        fill('M0 0H100V75H0Z', 'url(#sky)') +
        sun(chance, light, '#fff3cc', '#ffe9b0') +
        mesa(chance, horizon + 2) +
        fill(hills(chance, horizon, 3), '#dd9a5c') +
        cacti.join('') +
        fill(hills(chance, horizon + 12, 4), 'url(#dune)') +
        ripples(chance, horizon + 18) +
        stones(chance, horizon + 18),
    };
  },
};

function mesa(chance: Chance, y: number): string {
  return [chance.between(4, 30), chance.between(60, 84)]
    .map((x) => {
      const [half, tall] = [chance.between(9, 15), chance.between(10, 19)];
      const rock = `M${number(x - half)} ${number(y)}L${number(x - half * 0.7)} ${number(y - tall)}H${number(x + half * 0.65)}L${number(x + half)} ${number(y)}Z`;
      const band = `M${number(x - half * 0.8)} ${number(y - tall * 0.62)}H${number(x + half * 0.77)}v1.6H${number(x - half * 0.83)}Z`;
      return fill(rock, '#b8674a') + fill(band, '#d98d62');
    })
    .join('');
}

function cactus(chance: Chance, x: number, y: number): string {
  const arms = chance.happens(0.5) ? 'M0 -7H-5V-12M0 -10H5V-15' : 'M0 -6H5V-11M0 -9H-5V-15';
  const drawing =
    stroke(`M0 0V-19${arms}`, '#2f5a40', 4.4) +
    stroke(`M0 0V-19${arms}`, '#5a9a5c', 3) +
    stroke('M-0.6 -1V-18', '#9cc98a', 0.6);
  return group(drawing, x, y, 0, Math.round(chance.between(60, 110)) / 100);
}

function ripples(chance: Chance, top: number): string {
  let path = '';
  for (let i = 0; i < 14; i++) {
    path += `M${number(chance.between(-5, 90))} ${number(chance.between(top, 99))}q${number(chance.between(4, 8))} -2 ${number(chance.between(10, 16))} 0`;
  }
  return stroke(path, '#a8653a', 0.6, 0.45);
}

function stones(chance: Chance, top: number): string {
  return Array.from({ length: 5 }, () => {
    const [x, y, r] = [chance.between(2, 98), chance.between(top, 97), chance.between(1, 2.4)];
    const rock = smooth([
      [x - r * 1.3, y],
      [x - r * 0.6, y - r],
      [x + r * 0.7, y - r * 0.9],
      [x + r * 1.3, y],
      [x, y + r * 0.3],
    ]);
    return fill(rock, '#9a6a52') + fill(ellipse(x - r * 0.3, y - r * 0.55, r * 0.5, r * 0.25), '#d9a880');
  }).join('');
}
