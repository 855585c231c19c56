import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import { outlineOf, type SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth } from '../drawing/path.ts';
import { fill, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Handle to the front; `head` is how far one looks into it, `tail` the steam, `trait` the size of the handle. */
export const mug: SubjectDrawing = {
  postures: { standing },
  accessories: ['scarf', 'bow', 'glasses'],
  reach: { back: 25, front: 36, up: 59 },
  shadow: 20,
  hover: 0,
};

function standing(pose: Pose, ink: SubjectInk): string {
  const { build } = ink.appearance;
  const [broad, high] = [17 + 1.6 * build, 36 - 2.4 * build]; // at rest
  const wide = broad + pose.bodyLength;
  const tall = high + 1.6 * pose.headSize;
  const depth = 4.4 + 1.1 * pose.head;
  const wall = smooth([
    [-wide, -tall],
    [-wide * 0.99, -tall * 0.5],
    [-wide * 0.9, -6],
    [-wide * 0.7, -2.4],
    [0, -1],
    [wide * 0.7, -2.4],
    [wide * 0.9, -6],
    [wide * 0.99, -tall * 0.5],
    [wide, -tall],
    [0, -tall + depth],
  ]);
  return (
    handle(pose, ink, wide, tall) +
    ink.body(
      ink.coat(wall, {
        key: 'wall',
        x: 0,
        y: -tall * 0.48,
        length: broad,
        girth: high * 0.5,
        stretch: [wide / broad, tall / high],
      }),
    ) +
    ink.body({ path: ellipse(0, -tall, wide, depth), fill: mix(ink.second, '#ffffff', 0.15), form: 'flat' }) +
    fill(ellipse(0, -tall + 0.5, wide - 2, depth - 1.1), outlineOf(ink.second)) +
    fill(ellipse(0, -tall + 1.3, wide - 3.4, depth - 1.9), '#8a5232') +
    steam(pose, tall) +
    wear(ink, 'neck', { x: 0, y: -tall + depth + 4.4, reach: wide * 0.99 }) +
    wear(ink, 'eyes', { x: 0.6, y: -tall * 0.56, reach: 7 }) +
    wear(ink, 'side', { x: 0, y: -tall * 0.58, reach: 9 })
  );
}

function handle({ limbs }: Pose, ink: SubjectInk, wide: number, tall: number): string {
  const out = 14 + 3 * ink.appearance.trait;
  const top = -tall * 0.78 - 1.5 * limbs;
  const path = `M${wide - 1} ${top}C${wide + out} ${top - 3} ${wide + out} ${-tall * 0.14} ${wide - 2.4} ${-tall * 0.24}`;
  return (
    stroke(path, outlineOf(ink.second), 6.4) +
    stroke(path, ink.second, 4.5) +
    stroke(path, '#ffffff', 0.9, 0.3)
  );
}

const steam = ({ tail }: Pose, tall: number): string => {
  const wisp = (x: number, sway: number) => `M${x} ${-tall - 3}q${-3 * sway} -4 0 -7t${1.5 * sway} -7`;
  return stroke(wisp(-5, 1 + 0.5 * tail) + wisp(4, -1 + 0.5 * tail), '#ffffff', 1.7, 0.6);
};
