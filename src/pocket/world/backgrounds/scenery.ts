import type { Chance } from '../chance.ts';
import { curve, ellipse, number, type Point } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { Side } from '../scene.ts';

/** Rolling ground from side to side, filled down to the bottom of the picture. */
export function hills(chance: Chance, y: number, height: number): string {
  const points: Point[] = [];
  for (let x = -5; x <= 105; x += 22) points.push([x, y + chance.between(-height, height)]);
  return `${curve(points)}V101H-6Z`;
}

/** The sun (or, with other colours, the moon) on the side the light comes from. */
export function sun(chance: Chance, light: Side, colour = '#fff6cf', halo = '#fff3b8'): string {
  const x = light === 'left' ? chance.between(10, 24) : chance.between(76, 90);
  const y = chance.between(9, 20);
  const radius = chance.between(5, 7);
  return fill(ellipse(x, y, radius * 1.7), halo, 0.28) + fill(ellipse(x, y, radius), colour);
}

export function cloud(chance: Chance, x: number, y: number): string {
  const size = chance.between(0.7, 1.3);
  const puff = (dx: number, dy: number, radius: number) =>
    ellipse(x + dx * size, y + dy * size, radius * size);
  return fill(
    puff(-7, 0.8, 3.4) + puff(-2.5, -1.6, 4.6) + puff(3, -0.8, 4) + puff(7.5, 1, 3) + puff(0, 1.4, 2.9),
    '#ffffff',
    0.88,
  );
}

/** Small tufts of grass, larger toward the viewer, as strokes of one path. */
export function tufts(chance: Chance, top: number, colour: string, count = 46): string {
  let path = '';
  for (let i = 0; i < count; i++) {
    const y = chance.between(top, 99);
    const size = 0.8 + (y - top) / 24;
    const x = number(chance.between(0, 100));
    path += `M${x} ${number(y)}l${number(-size)} ${number(-size * 1.8)}M${x} ${number(y)}v${number(-size * 2.4)}`;
    path += `M${x} ${number(y)}l${number(size)} ${number(-size * 1.8)}`;
  }
  return stroke(path, colour, 0.55, 0.6);
}
