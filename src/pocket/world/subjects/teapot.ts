import { wear } from '../accessories/index.ts';
import { outlineOf, type SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth } from '../drawing/path.ts';
import { fill, group, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Spout to the front; `head` lifts the lid, `limbs` raises the spout, `trait` is the size of the handle. */
export const teapot: SubjectDrawing = {
  postures: { standing },
  accessories: ['scarf', 'hat', 'crown', 'bow'],
  reach: { back: 38, front: 41, up: 54 },
  shadow: 23,
  hover: 0,
};

function standing(pose: Pose, ink: SubjectInk): string {
  const { build } = ink.appearance;
  const broad = 21 + 1.6 * build; // at rest
  const wide = broad + pose.bodyLength;
  const tall = 35 - 2 * build;
  const pot = smooth([
    [-wide * 0.6, -2.4],
    [-wide * 0.94, -tall * 0.32],
    [-wide * 0.92, -tall * 0.64],
    [-wide * 0.5, -tall * 0.97],
    [0, -tall],
    [wide * 0.5, -tall * 0.97],
    [wide * 0.92, -tall * 0.64],
    [wide * 0.94, -tall * 0.32],
    [wide * 0.6, -2.4],
    [0, -1.6],
  ]);
  return (
    handle(pose, ink, wide, tall) +
    spout(pose, ink, wide, tall) +
    ink.body({ path: ellipse(0, -2, wide * 0.62, 2.6), fill: ink.second }) +
    ink.body(
      ink.coat(pot, {
        key: 'pot',
        x: 0,
        y: -tall * 0.47,
        length: broad * 0.95,
        girth: tall * 0.5,
        stretch: [wide / broad, 1],
      }),
    ) +
    wear(ink, 'neck', { x: 1, y: -tall + 3.6, reach: wide * 0.6 }) +
    wear(ink, 'side', { x: wide * 0.1, y: -tall * 0.72, reach: 9 }) +
    lid(pose, ink, [broad, wide], tall)
  );
}

function handle({ tail }: Pose, ink: SubjectInk, wide: number, tall: number): string {
  const out = 12 + 2.4 * ink.appearance.trait;
  const top = -tall * 0.8 - 1.5 * tail;
  const path = `M${-wide * 0.8} ${top}C${-wide - out} ${top - 5} ${-wide - out - 2} ${-tall * 0.14} ${-wide * 0.82} ${-tall * 0.22}`;
  return (
    stroke(path, outlineOf(ink.second), 6) + stroke(path, ink.second, 4.1) + stroke(path, '#ffffff', 0.9, 0.3)
  );
}

function spout({ limbs }: Pose, ink: SubjectInk, wide: number, tall: number): string {
  const lift = 2 * limbs;
  const path = smooth([
    [wide * 0.7, -tall * 0.18],
    [wide + 6, -tall * 0.42],
    [wide + 9, -tall * 0.7 - lift],
    [wide + 14.5, -tall * 0.92 - lift],
    [wide + 10, -tall * 0.98 - lift],
    [wide + 3.5, -tall * 0.78 - lift],
    [wide * 0.8, -tall * 0.62],
  ]);
  return (
    ink.body(
      ink.coat(path, { key: 'spout', x: wide + 4, y: -tall * 0.55, length: 13, girth: 6, turn: -52 }),
    ) + group(fill(ellipse(0, 0, 2.4, 1.1), outlineOf(ink.base)), wide + 12.2, -tall * 0.955 - lift, 12)
  );
}

function lid(
  { head, headSize }: Pose,
  ink: SubjectInk,
  [broad, wide]: readonly [atRest: number, posed: number],
  tall: number,
): string {
  const dome = smooth([
    [-wide * 0.56, 0.8],
    [-wide * 0.42, -4.4],
    [0, -6.8],
    [wide * 0.42, -4.4],
    [wide * 0.56, 0.8],
    [0, 1.8],
  ]);
  const knob = ellipse(0, -9, 3.4 + 0.5 * headSize, 3.1);
  return group(
    ink.body({ path: knob, fill: ink.second }) +
      ink.body(
        ink.coat(dome, {
          key: 'lid',
          x: 0,
          y: -3,
          length: broad * 0.5,
          girth: 4,
          stretch: [wide / broad, 1],
        }),
      ) +
      wear(ink, 'head', { x: 0, y: -6.4, reach: 9 }),
    0,
    -tall + 1.6,
    4 * head,
  );
}
