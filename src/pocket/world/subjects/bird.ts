import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { ellipse, type Point, polygon, smooth } from '../drawing/path.ts';
import { fill, group, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

export const bird: SubjectDrawing = {
  postures: { standing: (pose, ink) => legs(pose) + figure(pose, ink, foldedWing), flying },
  accessories: ['scarf', 'hat', 'crown', 'bow', 'glasses'],
  reach: { back: 45, front: 35, up: 70 },
  shadow: 17,
  hover: 0,
};

/** In the air, legs drawn in, both wings raised. */
function flying(pose: Pose, ink: SubjectInk): string {
  return group(
    ink.body({ path: raisedWing(pose, 7, 0.94), fill: mix(ink.second, '#2a1a3c', 0.18), form: 'far' }) +
      figure(pose, ink, () => '') +
      ink.body({ path: raisedWing(pose, 0, 1), fill: ink.second }) +
      ink.line('M-3 -25L-12 -37M-6 -21.5L-16.5 -31', ink.second, 0.8),
    0,
    -9,
    -10,
  );
}

/** From the shoulder up and back to a tip, with three feathers along the trailing edge. */
function raisedWing({ limbs }: Pose, shift: number, size: number): string {
  const beat = size * (1 + 0.12 * limbs);
  const at = (x: number, y: number): Point => [x * size + shift, -20 + (y + 20) * beat];
  return smooth([
    at(4, -23),
    at(-1, -33),
    at(-10, -44),
    at(-21, -51),
    at(-21.5, -45.5),
    at(-25, -42),
    at(-21.5, -37.5),
    at(-23.5, -33),
    at(-18.5, -29),
    at(-18.5, -24),
    at(-9, -17.5),
    at(0, -17),
  ]);
}

function figure(pose: Pose, ink: SubjectInk, wing: (pose: Pose, ink: SubjectInk) => string): string {
  const { build } = ink.appearance;
  const deep = 1.4 * build;
  const long = 2 * pose.bodyLength;
  const trunk = smooth([
    [-17 - long, -22],
    [-6, -31],
    [6, -35],
    [14, -29],
    [15.4, -20],
    [9, -10 + 0.4 * deep],
    [-2, -8 + deep],
    [-12, -13],
  ]);
  const feathers = [-6, 0, 6].map((spread) =>
    smooth([
      [-11, -22],
      [-24 - long, -26 + spread - 5 * pose.tail],
      [-32 - long, -26.5 + spread * 1.5 - 7 * pose.tail],
      [-31 - long, -22 + spread * 1.5 - 7 * pose.tail],
      [-22 - long, -20 + spread - 4 * pose.tail],
      [-10, -17],
    ]),
  );
  return (
    ink.body(...feathers.map((path) => ({ path, fill: ink.second }))) +
    ink.body(
      ink.coat(trunk, {
        key: 'trunk',
        x: -1 - long / 2,
        y: -20,
        length: 15,
        girth: 11,
        turn: -20,
        stretch: [1 + long / 30, 1],
      }),
    ) +
    ink.within(trunk, fill(ellipse(12, -12, 12, 12 + deep), ink.pale, 0.9)) +
    wing(pose, ink) +
    wear(ink, 'neck', { x: 10, y: -31, reach: 8.4 }) +
    group(head(ink), 10.5, -40, 9 * pose.head, 1 + 0.08 * pose.headSize)
  );
}

function foldedWing({ limbs }: Pose, ink: SubjectInk): string {
  const lift = 2.5 * limbs;
  const path = smooth([
    [5, -26],
    [0, -30],
    [-9, -27 - lift],
    [-19, -21 - 1.6 * lift],
    [-24, -16 - 2 * lift],
    [-13, -13.5 - lift],
    [0, -14],
    [5, -19],
  ]);
  const edge = `M-20 ${-17.5 - 1.7 * lift}Q-10 ${-17 - lift} -4 -19M-15 ${-21.5 - lift}Q-8 -20 -2 -22.5`;
  return ink.body({ path, fill: ink.second }) + ink.line(edge, ink.second, 0.8);
}

const legs = ({ limbs }: Pose): string => {
  const foot = (x: number) =>
    `M${x} -10V-1.4M${x - 3} -0.6L${x} -1.6L${x + 4.4} -0.6M${x} -1.6L${x + 3.4} -2.4`;
  const path = foot(-2 - 1.5 * limbs) + foot(5 + 1.5 * limbs);
  return stroke(path, '#6a3a1c', 2.9) + stroke(path, '#eb9a3a', 1.4);
};

/** A round head; `trait` is the size of beak and crest. */
function head(ink: SubjectInk): string {
  const { trait } = ink.appearance;
  const beak = 17.5 + 2.6 * trait;
  const crest = (turn: number, long: number) =>
    group(
      ink.body({
        path: smooth([
          [-1.7, 0],
          [-2.3, -long * 0.7],
          [0, -long],
          [1.7, -long * 0.6],
          [1.7, 0],
        ]),
        fill: ink.second,
      }),
      -1,
      -8,
      turn,
    );
  return (
    crest(-38, 6 + 2 * trait) +
    crest(-12, 7 + 2 * trait) +
    ink.body({
      path: polygon([
        [8, -3.4],
        [beak, 0.6],
        [8.4, 3.6],
      ]),
      fill: '#f0a030',
    }) +
    ink.line(`M8.4 0.6H${beak - 2}`, '#f0a030', 0.7) +
    ink.body(ink.coat(ellipse(0, 0, 10.4, 10), { key: 'face', x: -3, y: -4.4, length: 7, girth: 5 })) +
    fill(ellipse(5.6, 3.6, 2, 1.5), '#f0878f', 0.6) +
    ink.eye(-0.8, -1.2, 2.2) +
    ink.eye(7, -1.4, 1.8) +
    wear(ink, 'eyes', { x: 3.2, y: -1.2, reach: 4.6 }) +
    wear(ink, 'side', { x: -6, y: -8, reach: 5.6, turn: -30 }) +
    wear(ink, 'head', { x: -0.4, y: -8, reach: 8 })
  );
}
