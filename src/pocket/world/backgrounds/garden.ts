import type { Chance } from '../chance.ts';
import { box, ellipse, number } from '../drawing/path.ts';
import { downwardGradient, fill } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { cloud } from './scenery.ts';

/** A garden with a hedge, a picket fence and a gravel path. */
export const garden: BackgroundDrawing = {
  tint: [1, 0.99, 0.97],
  ground: [91, 81],
  draw: (chance, light) => {
    const lawn = chance.between(60, 65);
    const roof = chance.pick(['#b5584a', '#7a5a86', '#4f7f95']);
    const houseX = light === 'left' ? chance.between(52, 64) : chance.between(2, 12);
    return {
      definitions:
        downwardGradient('sky', [
          [0, chance.pick(['#8fd0ee', '#a5c9f0', '#f4c9a8'])],
          [1, '#f2f8ee'],
        ]) +
        downwardGradient('lawn', [
          [0, '#96cf62'],
          [1, '#5c9c48'],
        ]),
      svg:
        fill('M0 0H100V70H0Z', 'url(#sky)') +
        cloud(chance, light === 'left' ? 24 : 74, chance.between(9, 20)) +
        house(houseX, lawn, roof) +
        hedge(chance, lawn) +
        fill(`M0 ${number(lawn)}H100V100H0Z`, 'url(#lawn)') +
        fence(lawn + 2) +
        gravel(chance, lawn + 3) +
        blossoms(chance, lawn + 3),
    };
  },
};

const house = (x: number, lawn: number, roof: string): string =>
  fill(box(x + 4, lawn - 36, 28, 38), '#f3e3c8') +
  fill(
    `M${number(x)} ${number(lawn - 34)}L${number(x + 18)} ${number(lawn - 52)}L${number(x + 36)} ${number(lawn - 34)}Z`,
    roof,
  ) +
  fill(box(x + 25, lawn - 52, 4, 10), '#9a6a5a') +
  fill(box(x + 8, lawn - 30, 7, 8) + box(x + 21, lawn - 30, 7, 8), '#ffffff') +
  fill(box(x + 8.8, lawn - 29.2, 5.4, 6.4) + box(x + 21.8, lawn - 29.2, 5.4, 6.4), '#8fc8e0');

function hedge(chance: Chance, lawn: number): string {
  const layer = (rise: number, colour: string) => {
    let path = box(0, lawn - rise + 4, 100, rise);
    for (let x = -3; x < 106; x += 7)
      path += ellipse(x, lawn - rise + 4, chance.between(4.4, 6), chance.between(3.6, 6));
    return fill(path, colour);
  };
  return layer(16, '#3f8048') + layer(11, '#57994f');
}

function fence(y: number): string {
  let pickets = '';
  for (let x = 1; x < 100; x += 7.2) pickets += `M${number(x)} ${number(y)}v-12l2 -2.4l2 2.4v12Z`;
  return (
    fill(pickets + box(0, y - 10, 100, 1.8) + box(0, y - 4.6, 100, 1.8), '#4a4a5c', 0.35) +
    fill(box(0, y - 10.4, 100, 1.6) + box(0, y - 5, 100, 1.6), '#e6e2d8') +
    fill(pickets, '#fbf8f0')
  );
}

function gravel(chance: Chance, top: number): string {
  const middle = chance.between(38, 62);
  const path = `M${number(middle - 7)} ${number(top)}H${number(middle + 7)}L${number(middle + 42)} 100H${number(middle - 42)}Z`;
  let stones = '';
  for (let i = 0; i < 50; i++) {
    const y = chance.between(top, 99);
    const half = 6 + ((y - top) / (100 - top)) * 32;
    stones += ellipse(middle + chance.between(-half, half), y, 0.4 + (y - top) / 60, 0.3 + (y - top) / 100);
  }
  return fill(path, '#e4d2ae') + fill(stones, '#b79f7a', 0.75);
}

function blossoms(chance: Chance, top: number): string {
  const colours = ['#e8564f', '#f7c64a', '#c77fd6', '#ffffff'];
  const paths = colours.map(() => '');
  for (let i = 0; i < 44; i++) {
    const side = chance.happens(0.5) ? chance.between(-2, 16) : chance.between(84, 102);
    paths[i % 4] += ellipse(side, chance.between(top, 92), chance.between(0.8, 1.4));
  }
  let leaves = '';
  for (let i = 0; i < 26; i++) {
    leaves += ellipse(
      i % 2 === 0 ? chance.between(-2, 15) : chance.between(85, 102),
      chance.between(top, 93),
      2.4,
      1.8,
    );
  }
  return fill(leaves, '#3f8a46') + paths.map((path, index) => fill(path, colours[index]!)).join('');
}
