import type { Chance } from '../chance.ts';
import { ellipse, star } from '../drawing/path.ts';
import { downwardGradient, fill, group, linearGradient, radialGradient, stroke } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { hills } from './scenery.ts';

/** The surface of the moon, the earth above. */
export const moon: BackgroundDrawing = {
  tint: [0.97, 0.97, 1.02],
  ground: [90, 78],
  draw: (chance, light) => {
    const horizon = chance.between(56, 63);
    return {
      definitions:
        downwardGradient('space', [
          [0, '#0c0f2a'],
          [1, chance.pick(['#2a2a5c', '#3a2458', '#1c3a5c'])],
        ]) +
        linearGradient(
          'dust',
          [light === 'left' ? 0 : 1, 0, light === 'left' ? 1 : 0, 1],
          [
            [0, '#dcdbe2'],
            [1, '#8a889c'],
          ],
        ) +
        radialGradient(
          'globe',
          [light === 'left' ? 0.3 : 0.7, 0.3, 0.8],
          [
            [0, '#8fd4ff'],
            [0.6, '#3a7fd0'],
            [1, '#122a5c'],
          ],
        ),
      svg:
        fill('M0 0H100V100H0Z', 'url(#space)') +
        stars(chance) +
        earth(chance, light === 'left' ? chance.between(66, 84) : chance.between(16, 34)) +
        (chance.happens(0.5) ? planet(chance, light === 'left' ? 14 : 86) : '') +
        fill(hills(chance, horizon - 2, 5), '#77758c') +
        fill(hills(chance, horizon + 3, 2.4), 'url(#dust)') +
        craters(chance, horizon + 8),
    };
  },
};

function stars(chance: Chance): string {
  let path = '';
  for (let i = 0; i < 50; i++)
    path += ellipse(chance.between(0, 100), chance.between(0, 62), chance.between(0.2, 0.5));
  for (let i = 0; i < 5; i++)
    path += star(chance.between(4, 96), chance.between(4, 50), chance.between(1.2, 1.9));
  return fill(path, '#fff8dc', 0.95);
}

function earth(chance: Chance, x: number): string {
  const [y, r] = [chance.between(17, 25), chance.between(9, 12)];
  const land =
    'M-0.7 -0.4Q-0.3 -0.8 0.1 -0.5T0 0Q-0.4 0.2 -0.5 0T-0.7 -0.4ZM0.1 0.2Q0.5 0 0.6 0.4T0.2 0.7T0.1 0.2Z';
  return (
    fill(ellipse(x, y, r * 1.12), '#8fc8ff', 0.25) +
    fill(ellipse(x, y, r), 'url(#globe)') +
    group(fill(land, '#7cc47a', 0.85), x, y, 0, Math.round(r))
  );
}

function planet(chance: Chance, x: number): string {
  const y = chance.between(12, 30);
  return (
    fill(ellipse(x, y, 3.8), '#e0a06a') + group(stroke(ellipse(0, 0, 6.6, 1.9), '#f2d7a0', 0.8), x, y, -18)
  );
}

function craters(chance: Chance, top: number): string {
  return Array.from({ length: 8 }, () => {
    const [x, y] = [chance.between(0, 100), chance.between(top, 97)];
    const r = chance.between(2, 4) * (0.7 + (y - top) / 40);
    return (
      fill(ellipse(x, y, r, r * 0.4), '#6d6b82', 0.75) +
      fill(ellipse(x, y + r * 0.12, r * 0.85, r * 0.26), '#a5a3b6', 0.8)
    );
  }).join('');
}
