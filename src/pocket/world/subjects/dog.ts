import { wear } from '../accessories/index.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth, tube } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import { quadrupedPostures } from './quadruped.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

export const dog: SubjectDrawing = {
  postures: quadrupedPostures({
    measures: (build) => ({
      length: 18.5,
      depth: 10.4 + 1.6 * build,
      leg: 13.5,
      limb: 3.5 + 0.3 * build,
    }),
    tail,
    head,
    headForward: 2.5,
    neckwear: { below: 2.4, reach: 8.6 },
  }),
  accessories: ['scarf', 'collar', 'hat', 'crown', 'bow', 'glasses'],
  reach: { back: 37, front: 42, up: 62 },
  shadow: 25,
  hover: 0,
};

function tail({ tail: lift }: Pose, ink: SubjectInk, [x, y]: readonly [number, number]): string {
  const path = tube(
    [
      [x + 3, y + 1],
      [x - 4, y - 4 - 2 * lift],
      [x - 8, y - 11 - 4 * lift],
    ],
    [3.2, 2.5, 1.5],
  );
  return ink.body(
    ink.coat(path, {
      key: 'tail',
      x: x - 3,
      y: y - 6 - 2 * lift,
      length: 8,
      girth: 4,
      turn: -60,
      stretch: [1 + lift / 4, 1],
    }),
  );
}

/** A broad muzzle and hanging ears; `trait` is the length of the ears. */
function head(ink: SubjectInk): string {
  const { trait, build } = ink.appearance;
  const cheek = 10.6 + build;
  const skull = smooth([
    [-cheek, 0.5],
    [-8.4, -8],
    [0, -10.8],
    [8.6, -8],
    [cheek, 0.5],
    [7.8, 8],
    [0.8, 10.2],
    [-6.6, 8],
  ]);
  const hang = 5.5 + 3.6 * trait;
  const ear = (side: 1 | -1) =>
    tube(
      [
        [side * 7.6, -8],
        [side * 12.4, -3],
        [side * 12.6, hang],
      ],
      [2.6, 3.9, 3.2],
    );
  const muzzle = smooth([
    [-3.6, 4.6],
    [0, 0.6],
    [3.4, -0.6],
    [7.2, 0.8],
    [10, 4.8],
    [7, 9.4],
    [3, 10.2],
    [-1.4, 9.2],
  ]);
  return (
    ink.body(ink.coat(skull, { key: 'face', x: 0, y: -5.8, length: 9.6, girth: 4.6 })) +
    ink.body({ path: ear(-1), fill: ink.second }, { path: ear(1), fill: ink.second }) +
    fill(ellipse(3.4, 10, 2.2, 2.8), '#e8707f') +
    fill(muzzle, ink.pale) +
    ink.line('M3.4 3.6V6.2Q1.6 8.8 -1 7.4M3.4 6.2Q5.2 8.8 7.8 7.4', ink.pale, 0.9) +
    fill(ellipse(3.4, 2.2, 2.7, 1.9), '#2c2030') +
    fill(ellipse(2.7, 1.6, 0.8, 0.5), '#ffffff', 0.7) +
    ink.eye(-4, -2.6, 1.9) +
    ink.eye(6.8, -2.6, 1.9) +
    wear(ink, 'eyes', { x: 1.4, y: -2.4, reach: 5.4 }) +
    wear(ink, 'side', { x: -7.4, y: -9.6, reach: 6, turn: -24 }) +
    wear(ink, 'head', { x: 0.2, y: -9.2, reach: 8.8, turn: 1 })
  );
}
