import type { Chance } from '../chance.ts';
import { mix } from '../colours.ts';
import { box, ellipse, number } from '../drawing/path.ts';
import { downwardGradient, fill, linearGradient } from '../drawing/svg.ts';
import type { Side } from '../scene.ts';
import type { BackgroundDrawing } from './background-drawing.ts';

export const livingRoom: BackgroundDrawing = {
  tint: [1, 0.97, 0.92],
  ground: [92, 82],
  draw: (chance, light) => {
    const floor = chance.between(63, 68);
    const paper = chance.pick(['#e9cfae', '#bcd3c4', '#e3b9a8', '#b9c6dc', '#d9c7dd']);
    const rug = chance.pick(['#c75b52', '#4f86a8', '#7a9a5c', '#8a6aa6']);
    return {
      definitions:
        linearGradient(
          'paper',
          [light === 'left' ? 0 : 1, 0, light === 'left' ? 1 : 0, 0.5],
          [
            [0, mix(paper, '#ffffff', 0.25)],
            [1, mix(paper, '#5a4050', 0.16)],
          ],
        ) +
        downwardGradient('boards', [
          [0, '#c68d5a'],
          [1, '#a36b3e'],
        ]),
      svg:
        fill(`M0 0H100V${number(floor)}H0Z`, 'url(#paper)') +
        wallpaper(chance, floor) +
        windowOn(light, chance) +
        pictureOn(light, chance) +
        sofa(chance, light, floor) +
        fill(`M0 ${number(floor)}H100V100H0Z`, 'url(#boards)') +
        boards(floor) +
        fill(`M0 ${number(floor - 2.4)}H100V${number(floor)}H0Z`, '#fbf3e6') +
        fill(ellipse(50, 89, 50, 9.5), rug) +
        fill(ellipse(50, 89, 45, 7.8), mix(rug, '#fff3dc', 0.55)) +
        fill(ellipse(50, 89, 42, 6.9), rug),
    };
  },
};

function wallpaper(chance: Chance, floor: number): string {
  const stripes = chance.happens(0.5);
  let path = '';
  if (stripes) for (let x = 2; x < 100; x += 8) path += box(x, 0, 3, floor);
  else
    for (let i = 0; i < 70; i++)
      path += ellipse(5 + (i % 10) * 10 + (i % 20 < 10 ? 0 : 5), 4 + Math.floor(i / 10) * 9, 0.9);
  return fill(path, '#ffffff', stripes ? 0.18 : 0.45);
}

function windowOn(light: Side, chance: Chance): string {
  const x = light === 'left' ? 6 : 66;
  const curtain = chance.pick(['#d97b66', '#6f9fb0', '#e0b35a', '#9a7fb5']);
  return (
    fill(box(x, 7, 28, 34, 1), '#fbf3e6') +
    fill(box(x + 1.8, 8.8, 11.4, 30.4) + box(x + 14.8, 8.8, 11.4, 30.4), '#a8dcf3') +
    fill(ellipse(x + 8, 33, 6, 5) + ellipse(x + 20, 35, 7, 5), '#8fc58a', 0.8) +
    fill(
      `M${x - 3} 5H${x + 7}Q${x + 6} 28 ${x - 1} 45H${x - 3}ZM${x + 31} 5H${x + 21}Q${x + 22} 28 ${x + 29} 45H${x + 31}Z`,
      curtain,
    ) +
    fill(box(x - 5, 3.6, 38, 1.8, 0.9), '#7c5236')
  );
}

function pictureOn(light: Side, chance: Chance): string {
  const x = light === 'left' ? chance.between(58, 76) : chance.between(10, 24);
  const y = chance.between(9, 15);
  return (
    fill(box(x, y, 17, 14, 0.6), '#8a5c38') +
    fill(box(x + 1.4, y + 1.4, 14.2, 11.2), chance.pick(['#f7e3b8', '#cfe6ee', '#f4c9b8'])) +
    fill(`M${number(x + 1.4)} ${number(y + 12.6)}l5 -6l4 4l2.6 -2.4l2.6 4.4Z`, '#6f9f76') +
    fill(ellipse(x + 11.6, y + 4.4, 1.7), '#f0a03c')
  );
}

function sofa(chance: Chance, light: Side, floor: number): string {
  const x = light === 'left' ? 46 : 2;
  const cloth = chance.pick(['#5f8f96', '#b5694f', '#7d7396', '#8d9a58']);
  const y = floor - 24;
  return (
    fill(box(x + 3, y, 46, 22, 4), mix(cloth, '#2a1a3c', 0.14)) +
    fill(box(x + 6, y + 10, 20, 8, 2) + box(x + 26.6, y + 10, 20, 8, 2), mix(cloth, '#ffffff', 0.16)) +
    fill(box(x, y + 7, 8, 18, 3.4) + box(x + 44, y + 7, 8, 18, 3.4) + box(x + 2, y + 16, 48, 8, 2), cloth) +
    fill(box(x + 9, y + 3, 9, 9, 2), chance.pick(['#f0c75a', '#ee9a86', '#f3ead6']))
  );
}

function boards(floor: number): string {
  let path = '';
  for (let y = floor + 6, step = 6; y < 100; y += step, step += 1.6) path += box(0, y, 100, 0.5);
  for (const x of [12, 38, 71, 90]) path += box(x, floor, 0.4, 6) + box((x + 20) % 100, floor + 6, 0.5, 7.6);
  return fill(path, '#7c4c2a', 0.6);
}
