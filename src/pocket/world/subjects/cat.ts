import { wear } from '../accessories/index.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { ellipse, polygon, smooth, tube } from '../drawing/path.ts';
import { fill } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import { quadrupedPostures } from './quadruped.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

export const cat: SubjectDrawing = {
  postures: quadrupedPostures({
    measures: (build) => ({
      length: 18,
      depth: 9.6 + 1.6 * build,
      leg: 12,
      limb: 2.9 + 0.3 * build,
    }),
    tail,
    head,
    headForward: 2,
    neckwear: { below: 2, reach: 7.8 },
  }),
  accessories: ['scarf', 'collar', 'hat', 'crown', 'bow', 'glasses'],
  reach: { back: 39, front: 38, up: 64 },
  shadow: 25,
  hover: 0,
};

function tail({ tail: lift }: Pose, ink: SubjectInk, [x, y]: readonly [number, number]): string {
  const path = tube(
    [
      [x + 3, y],
      [x - 5, y - 1 - lift],
      [x - 9.5, y - 8 - 3 * lift],
      [x - 8.5 + lift, y - 16 - 4 * lift],
      [x - 4 + 2 * lift, y - 19 - 4 * lift],
    ],
    [2.7, 2.5, 2.4, 2.3, 2],
  );
  return ink.body(
    ink.coat(path, {
      key: 'tail',
      x: x - 6,
      y: y - 10 - 2 * lift,
      length: 13,
      girth: 6,
      turn: -90,
      stretch: [1 + lift / 6.5, 1],
    }),
  );
}

/** The head from the front, a little turned, around its middle. `trait` is the size of the ears. */
function head(ink: SubjectInk): string {
  const { trait, build } = ink.appearance;
  const tip = 16.5 + 2.4 * trait;
  const cheek = 11.6 + build;
  const face = smooth([
    [-cheek, 1.5],
    [-8.6, -7],
    [0.4, -9.6],
    [9.2, -7],
    [cheek + 0.4, 1.5],
    [7.4, 7.8],
    [0.5, 9.4],
    [-6.8, 7.8],
  ]);
  const ear = (side: 1 | -1) =>
    polygon([
      [0.4 + side * 10.6, -1],
      [0.4 + side * 10.4, -tip],
      [0.4 + side * 1.8, -8.4],
    ]);
  const inner = (side: 1 | -1) =>
    polygon([
      [0.4 + side * 9, -4.5],
      [0.4 + side * 9.2, -tip + 3.2],
      [0.4 + side * 4.2, -8],
    ]);
  const whiskers = [-1, 1]
    .map((side) =>
      [4.2, 6.2].map((y) => `M${1.4 + side * 6.2} ${y}L${1.4 + side * 12.4} ${y + (y - 5) * 1.1}`).join(''),
    )
    .join('');
  return (
    ink.body(
      { path: ear(-1), fill: ink.base },
      { path: ear(1), fill: ink.base },
      ink.coat(face, { key: 'face', x: 0.4, y: -5.4, length: 10, girth: 4 }),
    ) +
    fill(inner(-1) + inner(1), '#f0a3a3', 0.85) +
    fill(ellipse(1.6, 5.1, 5.4, 3.5), ink.pale) +
    ink.line(whiskers, ink.pale, 0.5) +
    ink.line('M1.7 4.2V5.2Q0.4 6.9 -1.4 6.2M1.7 5.2Q3 6.9 4.8 6.2', ink.pale, 0.8) +
    fill(
      smooth([
        [0, 2.8],
        [3.4, 2.8],
        [1.7, 4.7],
      ]),
      '#d9697c',
    ) +
    ink.eye(-3.9, -0.2, 2) +
    ink.eye(6.4, -0.2, 2) +
    wear(ink, 'eyes', { x: 1.3, y: 0, reach: 5.3 }) +
    wear(ink, 'side', { x: -7.6, y: -9.6, reach: 6, turn: -24 }) +
    wear(ink, 'head', { x: 0.6, y: -8.6, reach: 8.6, turn: 2 })
  );
}
