import type { Chance } from '../chance.ts';
import { ellipse, number, polygon } from '../drawing/path.ts';
import { downwardGradient, fill, group, stroke } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { hills } from './scenery.ts';

/** The bottom of the sea. */
export const sea: BackgroundDrawing = {
  tint: [0.9, 0.98, 1.03],
  ground: [90, 78],
  draw: (chance, light) => {
    const bottom = chance.between(66, 73);
    const corals = [4, 17, 82, 95].map((x) =>
      coral(chance, x + chance.between(-3, 3), bottom + chance.between(3, 8)),
    );
    const weeds = [9, 26, 74, 90].map((x) =>
      weed(chance, x + chance.between(-5, 5), bottom + chance.between(2, 6)),
    );
    return {
      definitions:
        downwardGradient('water', [
          [0, chance.pick(['#7fdcec', '#6fc9ee', '#86e0d6'])],
          [0.6, '#2f93bf'],
          [1, '#1f6596'],
        ]) +
        downwardGradient('bed', [
          [0, '#e6d9a6'],
          [1, '#9aa886'],
        ]),
      svg:
        fill('M0 0H100V100H0Z', 'url(#water)') +
        rays(chance, light === 'left' ? 1 : -1) +
        fill(hills(chance, bottom - 8, 6), '#2a789f') +
        shoal(chance) +
        fill(hills(chance, bottom, 2.4), 'url(#bed)') +
        weeds.join('') +
        corals.join('') +
        bubbles(chance),
    };
  },
};

function rays(chance: Chance, direction: 1 | -1): string {
  const start = direction === 1 ? chance.between(5, 25) : chance.between(75, 95);
  return [0, 18, 40]
    .map((offset) => {
      const x = start + direction * offset;
      return fill(
        polygon([
          [x, -1],
          [x + 8, -1],
          [x + 14 + direction * 22, 85],
          [x - 4 + direction * 22, 85],
        ]),
        '#ffffff',
        0.14,
      );
    })
    .join('');
}

function shoal(chance: Chance): string {
  const [x, y] = [chance.between(15, 75), chance.between(14, 40)];
  const swimmer = 'M-3 0Q0 -2.2 3 0Q0 2.2 -3 0ZM-2.4 0L-5 -1.6V1.6Z';
  const colour = chance.pick(['#ffd36a', '#ff9f6e', '#d9f2ff']);
  return [
    [0, 0],
    [9, -4],
    [11, 4],
    [-8, 5],
  ]
    .map(([dx, dy]) => group(fill(swimmer, colour, 0.8), x + dx!, y + dy!, 0, 0.8))
    .join('');
}

function coral(chance: Chance, x: number, y: number): string {
  const colour = chance.pick(['#f0776e', '#f29ac0', '#f4b45a', '#b57fd6']);
  const branches = 'M0 0V-13M0 -5Q-6 -6 -6 -13M0 -7Q6 -8 6 -15M-6 -9Q-10 -10 -10 -14M6 -10Q10 -11 10 -16';
  const drawing = stroke(branches, '#5a2a50', 3.6) + stroke(branches, colour, 2.4);
  return group(drawing, x, y, 0, Math.round(chance.between(80, 120)) / 100);
}

function weed(chance: Chance, x: number, y: number): string {
  const blade = (dx: number, tall: number) =>
    `M${number(x + dx)} ${number(y)}q-4 ${number(-tall / 4)} 0 ${number(-tall / 2)}t0 ${number(-tall / 2)}`;
  return (
    stroke(blade(0, chance.between(22, 38)) + blade(4, chance.between(16, 26)), '#2c8a62', 2) +
    stroke(blade(-3.4, chance.between(14, 24)), '#4fb078', 1.7)
  );
}

function bubbles(chance: Chance): string {
  const found = Array.from({ length: 14 }, () => {
    const [x, y, r] = [chance.between(3, 97), chance.between(4, 84), chance.between(0.7, 2)];
    return (
      stroke(ellipse(x, y, r), '#ffffff', 0.45, 0.75) +
      fill(ellipse(x - r * 0.3, y - r * 0.3, r * 0.3), '#ffffff', 0.9)
    );
  });
  return found.join('');
}
