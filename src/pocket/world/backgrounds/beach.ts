import type { Chance } from '../chance.ts';
import { ellipse, number, smooth, star } from '../drawing/path.ts';
import { downwardGradient, fill, group, stroke } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { cloud, hills, sun } from './scenery.ts';

export const beach: BackgroundDrawing = {
  tint: [1, 0.99, 0.96],
  ground: [91, 80],
  draw: (chance, light) => {
    const horizon = chance.between(40, 47);
    const shore = horizon + chance.between(17, 23);
    const sea = chance.pick(['#2fa4c4', '#3793cf', '#38b3b8']);
    const palmSide = chance.pick([-1, 0, 1] as const);
    return {
      definitions:
        downwardGradient('sky', [
          [0, chance.pick(['#6fc0ee', '#86cdf2', '#f7b98c'])],
          [1, '#fdf3dd'],
        ]) +
        downwardGradient('water', [
          [0, sea],
          [1, '#a5e4df'],
        ]) +
        downwardGradient('sand', [
          [0, '#f6e3b0'],
          [1, '#dfb877'],
        ]),
      svg:
        fill(`M0 0H100V${number(horizon + 1)}H0Z`, 'url(#sky)') +
        sun(chance, light) +
        cloud(chance, chance.between(20, 80), chance.between(10, 26)) +
        fill(`M0 ${number(horizon)}H100V80H0Z`, 'url(#water)') +
        ripples(chance, horizon + 2, shore - 3) +
        boat(chance, horizon) +
        fill(hills(chance, shore - 1.4, 1.4), '#ffffff', 0.85) +
        fill(hills(chance, shore + 0.6, 1.4), 'url(#sand)') +
        shells(chance, shore + 6) +
        (palmSide === 0 ? '' : palm(chance, palmSide === -1 ? 4 : 96, shore + 4, palmSide)),
    };
  },
};

function ripples(chance: Chance, top: number, bottom: number): string {
  let path = '';
  for (let i = 0; i < 18; i++) {
    const y = number(chance.between(top, bottom));
    path += `M${number(chance.between(-5, 98))} ${y}h${number(chance.between(3, 9))}`;
  }
  return stroke(path, '#ffffff', 0.6, 0.55);
}

function boat(chance: Chance, horizon: number): string {
  const sail = chance.pick(['#ffffff', '#f2695c', '#f7d154']);
  const drawing =
    fill('M-5 0H5L3.4 2.6H-3.6Z', '#8a5232') +
    fill('M-0.4 -0.8V-9L-4.6 -0.8Z', sail) +
    fill('M0.4 -0.8V-8L4 -0.8Z', '#fff6e4');
  return group(drawing, chance.between(12, 88), horizon + 1, 0, Math.round(chance.between(60, 110)) / 100);
}

/** Shells, starfish and grains in the sand. */
function shells(chance: Chance, top: number): string {
  let grains = '';
  for (let i = 0; i < 60; i++) grains += ellipse(chance.between(0, 100), chance.between(top - 3, 99), 0.3);
  const found = Array.from({ length: 4 }, () => {
    const [x, y] = [chance.between(4, 96), chance.between(top + 2, 97)];
    return chance.happens(0.5)
      ? fill(star(x, y, 2, chance.between(0, 0.2)), '#ee8a5a')
      : fill(
          smooth([
            [x - 1.6, y],
            [x, y - 1.8],
            [x + 1.6, y],
            [x, y + 0.8],
          ]),
          '#fff1e4',
        );
  });
  return fill(grains, '#b98d4f', 0.7) + found.join('');
}

function palm(chance: Chance, x: number, y: number, side: -1 | 1): string {
  const lean = -side * chance.between(4, 9);
  const [topX, topY] = [x + lean, y - chance.between(40, 48)];
  const trunk = `M${number(x)} ${number(y)}Q${number(x)} ${number(y - 24)} ${number(topX)} ${number(topY)}`;
  const frond = (turn: number) =>
    group(
      fill('M0 0C6 -6 14 -5 19 3C12 -0.6 6 1 0 2Z', turn % 2 === 0 ? '#3f9a52' : '#56b25c'),
      topX,
      topY,
      turn,
    );
  return (
    stroke(trunk, '#8a5f35', 3) +
    stroke(trunk, '#b07f4a', 1.6) +
    [-160, -121, -80, -35, 4, 171, 36].map(frond).join('')
  );
}
