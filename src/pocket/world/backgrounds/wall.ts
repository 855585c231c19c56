import type { Chance } from '../chance.ts';
import { mix } from '../colours.ts';
import { box, ellipse, number } from '../drawing/path.ts';
import { downwardGradient, fill, linearGradient } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';

/** A brick wall above a pavement. */
export const wall: BackgroundDrawing = {
  tint: [1, 0.98, 0.96],
  ground: [92, 82],
  draw: (chance, light) => {
    const foot = chance.between(68, 74);
    const brick = chance.pick(['#b9624a', '#c47a55', '#a8584e', '#c9a184', '#94697a']);
    const mortar = mix(brick, '#efe3d3', 0.6);
    const side = light === 'left' ? ([0, 0, 1, 0.4] as const) : ([1, 0, 0, 0.4] as const);
    return {
      definitions:
        linearGradient('glow', side, [
          [0, '#fff0c8', 0.35],
          [0.5, '#fff0c8', 0],
          [1, '#2a1a3c', 0.3],
        ]) +
        downwardGradient('pavement', [
          [0, '#b6b2b4'],
          [1, '#85828c'],
        ]),
      svg:
        fill(`M0 0H100V${number(foot)}H0Z`, mortar) +
        bricks(chance, foot, brick) +
        fill(`M0 0H100V${number(foot)}H0Z`, 'url(#glow)') +
        fill(`M0 ${number(foot)}H100V100H0Z`, 'url(#pavement)') +
        fill(`M0 ${number(foot)}H100V${number(foot + 1.6)}H0Z`, '#5d5a66', 0.6) +
        joints(chance, foot) +
        (chance.happens(0.5) ? ivy(chance, light === 'left' ? 100 : 0) : ''),
    };
  },
};

function bricks(chance: Chance, foot: number, brick: string): string {
  const shades = [brick, mix(brick, '#ffffff', 0.12), mix(brick, '#2a1a3c', 0.13)];
  const paths = ['', '', ''];
  const [width, height] = [chance.between(12, 15), chance.between(5.6, 6.8)];
  for (let row = 0; foot - row * height > 0; row++) {
    for (let x = row % 2 === 0 ? -1 : -1 - width / 2; x < 100; x += width) {
      const shade = chance.pick([0, 0, 1, 2]);
      paths[shade] += box(x, foot - (row + 1) * height + 0.7, width - 0.8, height - 0.8, 0.6);
    }
  }
  return paths.map((path, index) => fill(path, shades[index]!)).join('');
}

function joints(chance: Chance, foot: number): string {
  const middle = chance.between(35, 65);
  let path = `M0 ${number((foot + 104) / 2)}h100v0.5h-100Z`;
  for (const slope of [-80, -40, 0, 40, 80]) {
    const top = number(middle + slope * 0.6);
    path += `M${top} ${number(foot + 1)}L${number(middle + slope)} 100h0.8L${number(middle + slope * 0.6 + 0.6)} ${number(foot + 1)}Z`;
  }
  return fill(path, '#6d6a76', 0.6);
}

/** Leaves hanging over the wall's upper corner. */
function ivy(chance: Chance, corner: number): string {
  const paths = ['', ''];
  for (let i = 0; i < 70; i++) {
    const [across, down] = [chance.between(0, 1), chance.between(0, 1)];
    const reach = 26 * across * (1 - down * 0.6);
    const x = corner === 0 ? reach : 100 - reach;
    paths[i % 2] += ellipse(
      x,
      down * 46 * (1 - across * 0.6),
      chance.between(1.2, 2.2),
      chance.between(1, 1.8),
    );
  }
  return fill(paths[0]!, '#3f7d43') + fill(paths[1]!, '#5a9c50');
}
