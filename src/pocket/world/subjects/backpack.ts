import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import { outlineOf, type SubjectInk } from '../drawing/ink.ts';
import { box, ellipse, smooth } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Pocket and straps in the second colour; `limbs` swings the straps, `trait` is the size of the pocket. */
export const backpack: SubjectDrawing = {
  postures: { standing },
  accessories: ['scarf', 'hat', 'bow', 'glasses'],
  reach: { back: 31, front: 30, up: 58 },
  shadow: 23,
  hover: 0,
};

function standing(pose: Pose, ink: SubjectInk): string {
  const { build } = ink.appearance;
  const broad = 17.6 + 1.5 * build; // at rest
  const wide = broad + 0.8 * pose.bodyLength;
  const tall = 45 + 1.4 * pose.headSize;
  const sack = smooth([
    [-wide * 0.94, -3],
    [-wide * 1.04, -tall * 0.35],
    [-wide * 0.94, -tall * 0.74],
    [-wide * 0.56, -tall * 0.97],
    [0, -tall],
    [wide * 0.56, -tall * 0.97],
    [wide * 0.94, -tall * 0.74],
    [wide * 1.04, -tall * 0.35],
    [wide * 0.94, -3],
    [0, -1],
  ]);
  return (
    straps(pose, ink, wide, tall) +
    ink.body(
      { path: box(-wide - 4.6, -20, 9, 17, 4), fill: mix(ink.second, '#22152f', 0.1) },
      { path: box(wide - 4.4, -20, 9, 17, 4), fill: mix(ink.second, '#22152f', 0.1) },
    ) +
    ink.body(
      ink.coat(sack, {
        key: 'sack',
        x: 0,
        y: -tall * 0.5,
        length: broad,
        girth: 22.5,
        stretch: [wide / broad, tall / 45],
      }),
    ) +
    zip(ink, wide, tall, pose.head) +
    pocket(ink, wide) +
    wear(ink, 'neck', { x: 0, y: -tall * 0.76, reach: wide * 0.94 }) +
    wear(ink, 'eyes', { x: 0, y: -tall * 0.64, reach: 6.4 }) +
    wear(ink, 'side', { x: 0, y: -tall * 0.64, reach: 8.6 }) +
    wear(ink, 'head', { x: 0, y: -tall + 1.4, reach: 11 })
  );
}

/** The grip on top and the shoulder straps behind. */
function straps({ limbs, tail }: Pose, ink: SubjectInk, wide: number, tall: number): string {
  const grip = `M-5 ${-tall + 1}C-6 ${-tall - 7 - tail} 6 ${-tall - 7 - tail} 5 ${-tall + 1}`;
  const strap = (side: 1 | -1) =>
    `M${side * wide * 0.7} ${-tall * 0.86}C${side * (wide + 8)} ${-tall * 0.8} ${side * (wide + 8 + 1.6 * limbs)} -26 ${side * (wide + 1)} -15`;
  return [strap(-1), strap(1), grip]
    .map((path) => stroke(path, outlineOf(ink.second), 5) + stroke(path, ink.second, 3.1))
    .join('');
}

function zip(ink: SubjectInk, wide: number, tall: number, open: number): string {
  const path = `M${-wide * 0.8} ${-tall * 0.52}C${-wide * 0.74} ${-tall * 1.02} ${wide * 0.74} ${-tall * 1.02} ${wide * 0.8} ${-tall * 0.52}`;
  const pull = wide * 0.3 * open;
  return (
    ink.line(path, ink.base, 1.5) +
    stroke(path, '#e8d8a0', 0.5, 0.8) +
    ink.body({ path: box(pull - 1, -tall * 0.895, 2, 5, 0.9), fill: '#f0c650' })
  );
}

function pocket(ink: SubjectInk, wide: number): string {
  const size = 1 + 0.14 * ink.appearance.trait;
  const [w, h] = [wide * 0.7 * size, 17 * size];
  const lap = smooth([
    [-w - 0.6, -4 - h],
    [w + 0.6, -4 - h],
    [w * 0.96, -4 - h * 0.62],
    [0, -4 - h * 0.44],
    [-w * 0.96, -4 - h * 0.62],
  ]);
  return (
    ink.body({ path: box(-w, -4 - h, 2 * w, h, 4), fill: ink.second }) +
    ink.body({ path: lap, fill: mix(ink.second, '#ffffff', 0.14) }) +
    fill(ellipse(0, -4 - h * 0.54, 1.9), outlineOf(ink.second)) +
    fill(ellipse(0, -4 - h * 0.54, 1.2), '#f0c650')
  );
}
