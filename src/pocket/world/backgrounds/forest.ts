import type { Chance } from '../chance.ts';
import { ellipse, number, polygon } from '../drawing/path.ts';
import { downwardGradient, fill, group, stroke } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { hills, tufts } from './scenery.ts';

export const forest: BackgroundDrawing = {
  tint: [0.93, 0.98, 0.9],
  ground: [90, 80],
  draw: (chance, light) => {
    const floor = chance.between(60, 66);
    const far = Array.from({ length: 9 }, (_, index) =>
      trunk(index * 12 + chance.between(-3, 3), floor + 1, chance.between(1.6, 2.6), '#5f8a72'),
    );
    const near = [
      chance.between(2, 14),
      chance.between(26, 38),
      chance.between(62, 74),
      chance.between(86, 98),
    ].map((x) =>
      trunk(
        x,
        floor + chance.between(2, 6),
        chance.between(3.4, 5.2),
        chance.pick(['#6a4a36', '#7a5640', '#5f4634']),
      ),
    );
    return {
      definitions:
        downwardGradient('haze', [
          [0, '#3f7a55'],
          [1, chance.pick(['#d9ecb4', '#e9e7a8', '#c3e3c4'])],
        ]) +
        downwardGradient('floor', [
          [0, '#7fa04f'],
          [1, '#4f6a34'],
        ]),
      svg:
        fill('M0 0H100V75H0Z', 'url(#haze)') +
        far.join('') +
        beams(chance, light === 'left' ? 1 : -1) +
        fill(hills(chance, floor, 2), '#6f9a4f') +
        near.join('') +
        crowns(chance) +
        fill(hills(chance, floor + 5, 2), 'url(#floor)') +
        tufts(chance, floor + 10, '#36532a', 30) +
        mushrooms(chance, floor + 9),
    };
  },
};

const trunk = (x: number, y: number, half: number, colour: string): string =>
  fill(
    `M${number(x - half)} -1L${number(x - half * 1.1)} ${number(y - 8)}Q${number(x - half * 1.3)} ${number(y - 2)} ${number(x - half * 2)} ${number(y)}` +
      `H${number(x + half * 2)}Q${number(x + half * 1.3)} ${number(y - 2)} ${number(x + half * 1.1)} ${number(y - 8)}L${number(x + half)} -1Z`,
    colour,
  ) +
  stroke(
    `M${number(x - half * 0.3)} 30v${number(y * 0.3)}M${number(x + half * 0.4)} 22v${number(y * 0.4)}`,
    '#2a1f20',
    0.6,
    0.35,
  );

function beams(chance: Chance, direction: 1 | -1): string {
  const start = direction === 1 ? chance.between(5, 20) : chance.between(80, 95);
  return [0, 22, 46]
    .map((offset) => {
      const x = start + direction * offset;
      return fill(
        polygon([
          [x, -2],
          [x + 7, -2],
          [x + 7 + direction * 24, 70],
          [x - 4 + direction * 24, 70],
        ]),
        '#fffbd0',
        0.2,
      );
    })
    .join('');
}

/** Leaves across the top of the picture. */
function crowns(chance: Chance): string {
  return ['#2f6644', '#3f7d4a', '#55944f']
    .map((colour, layer) => {
      let path = '';
      for (let x = -4; x < 106; x += 9)
        path += ellipse(x + layer * 3, 6 - layer * 4, chance.between(6, 10), chance.between(5, 10));
      return fill(path, colour);
    })
    .join('');
}

function mushrooms(chance: Chance, top: number): string {
  return Array.from({ length: 4 }, () => {
    const drawing =
      fill('M-1 0Q-0.6 -3 -0.9 -4H0.9Q0.6 -3 1 0Z', '#f6ead4') +
      fill('M-3.2 -3.4Q-2.6 -7 0 -7T3.2 -3.4Q0 -2.6 -3.2 -3.4Z', '#d0473c') +
      fill(ellipse(-1, -5.2, 0.6) + ellipse(1.2, -4.6, 0.5), '#ffffff');
    return group(
      drawing,
      chance.between(3, 97),
      chance.between(top, 97),
      0,
      Math.round(chance.between(70, 120)) / 100,
    );
  }).join('');
}
