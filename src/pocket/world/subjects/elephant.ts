import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import { outlineOf, type Part, type SubjectInk } from '../drawing/ink.ts';
import { box, ellipse, smooth, tube } from '../drawing/path.ts';
import { fill, group, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

export const elephant: SubjectDrawing = {
  postures: { standing },
  accessories: ['hat', 'crown', 'bow', 'glasses'],
  reach: { back: 34, front: 47, up: 57 },
  shadow: 27,
  hover: 0,
};

function standing(pose: Pose, ink: SubjectInk): string {
  const { build } = ink.appearance;
  const long = 21 + 2 * pose.bodyLength;
  const deep = 14.5 + 1.6 * build;
  const y = -23;
  const trunk = smooth([
    [-long, y + 2],
    [-long * 0.86, y - deep * 0.74],
    [-long * 0.3, y - deep],
    [long * 0.4, y - deep * 0.94],
    [long * 0.86, y - deep * 0.4],
    [long * 0.9, y + 4],
    [long * 0.6, y + deep * 0.82],
    [-long * 0.6, y + deep * 0.82],
  ]);
  const tail = `M${-long + 1} ${y - 4}Q${-long - 7} ${y - 1} ${-long - 5 - 2 * pose.tail} ${y + 8}`;
  return (
    ink.body(
      ...leg(ink, 'far front', long * 0.72, -pose.limbs),
      ...leg(ink, 'far hind', -long * 0.38, pose.limbs),
    ) +
    stroke(tail, outlineOf(ink.base), 3.4) +
    stroke(tail, ink.base, 1.7) +
    ink.body(
      ink.coat(trunk, { key: 'trunk', x: -1, y, length: 21, girth: deep, stretch: [long / 21, 1] }),
      ...leg(ink, 'near front', long * 0.44, pose.limbs),
      ...leg(ink, 'near hind', -long * 0.66, -pose.limbs),
    ) +
    group(head(pose, ink), long * 0.86, y - 9, 4 * pose.head, 1 + 0.08 * pose.headSize)
  );
}

function leg(ink: SubjectInk, key: `${'near' | 'far'} ${string}`, x: number, stride: number): Part[] {
  const foot = x + 2.6 * stride;
  const path = tube(
    [
      [x, -16],
      [x + stride, -9],
      [foot, -4.4],
    ],
    [6, 5.2, 5],
  );
  const form = key.startsWith('far') ? 'far' : 'round';
  return [
    ink.coat(path, { key, x, y: -10, length: 9, girth: 5, turn: 90 }, form),
    { path: box(foot - 5.2, -4.6, 10.4, 4.6, 2.2), fill: ink.base, form },
  ];
}

/** `trait` is the size of the ears. */
function head(pose: Pose, ink: SubjectInk): string {
  const size = 1 + 0.18 * ink.appearance.trait;
  const skull = smooth([
    [-10, 0],
    [-7, -9.6],
    [1, -12],
    [9, -8.4],
    [11, 0],
    [8, 8],
    [0, 10],
    [-7, 7.6],
  ]);
  const nose = tube(
    [
      [5.4, 1],
      [10.6, 9],
      [11.4, 17],
      [14.6 + pose.limbs, 22 - 3 * pose.tail],
      [19, 20.4 - 5 * pose.tail],
    ],
    [6.2, 5, 3.9, 3.2, 2.8],
  );
  const ear = (x: number, y: number, scale: number, squash: number) =>
    smooth([
      [x + 3 * scale * squash, y - 9 * scale],
      [x - 7 * scale * squash, y - 12 * scale],
      [x - 14 * scale * squash, y - 4 * scale],
      [x - 12 * scale * squash, y + 7 * scale],
      [x - 4 * scale * squash, y + 12 * scale],
      [x + 2 * scale * squash, y + 6 * scale],
    ]);
  return (
    ink.body({
      path: tube(
        [
          [9, 9],
          [14, 11.5],
          [18, 10],
        ],
        [2, 1.7, 0.7],
      ),
      fill: '#fbf3dd',
    }) +
    ink.body(
      ink.coat(skull, { key: 'face', x: 1, y: -6, length: 9, girth: 5 }),
      ink.coat(nose, { key: 'nose', x: 10, y: 11, length: 12, girth: 5, turn: 72 }),
    ) +
    ink.line('M7.6 9.6Q10.6 10.6 14 9M8.6 13.4Q11 14.2 14.4 13', ink.base, 0.6) +
    ink.body(ink.coat(ear(-3.4, 0, size, 1), { key: 'ear', x: -9, y: 0, length: 10, girth: 8, turn: 90 })) +
    fill(ear(-4.6, 0, size * 0.66, 0.95), mix(ink.base, '#f2a0a8', 0.62)) +
    fill(ellipse(4, 4.4, 2.4, 1.6), '#f0878f', 0.5) +
    ink.eye(2.6, -2.4, 1.9) +
    ink.eye(10, -2.8, 1.5) +
    wear(ink, 'eyes', { x: 6, y: -2.4, reach: 4.4 }) +
    wear(ink, 'side', { x: -3, y: -11, reach: 6.4, turn: -20 }) +
    wear(ink, 'head', { x: 1.4, y: -10.2, reach: 9, turn: 3 })
  );
}
