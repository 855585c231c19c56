import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { ellipse, type Point, smooth } from '../drawing/path.ts';
import { fill, group } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Fins and tail in the second colour; on land it hovers, as fish in pictures may. */
export const fish: SubjectDrawing = {
  postures: { swimming },
  accessories: ['hat', 'crown', 'bow'],
  reach: { back: 47, front: 31, up: 48 },
  shadow: 22,
  hover: 12,
};

function swimming(pose: Pose, ink: SubjectInk): string {
  const { build, trait } = ink.appearance;
  const long = 24 + 2 * pose.bodyLength;
  const deep = 14 + 2 * build;
  const y = -19;
  const sway = 3 * pose.tail;
  const trunk = smooth([
    [-long, y - 2.6 + 0.4 * sway],
    [-long * 0.55, y - deep * 0.66],
    [0, y - deep],
    [long * 0.66, y - deep * 0.82],
    [long * 1.02, y - 0.5],
    [long * 0.66, y + deep * 0.8],
    [0, y + deep * 0.96],
    [-long * 0.55, y + deep * 0.62],
    [-long, y + 2.6 + 0.4 * sway],
  ]);
  const size = 1 + 0.25 * trait;
  const at = (dx: number, dy: number): Point => [-long + dx * size, y + dy * size + sway];
  const tail = smooth([
    [-long + 4, y - 3],
    at(-7, -10.5),
    at(-13, -14),
    at(-12.5, -6),
    at(-8.5, 0),
    at(-12.5, 6),
    at(-13, 14),
    at(-7, 10.5),
    [-long + 4, y + 3],
  ]);
  const back = smooth([
    [-12, y - deep * 0.8],
    [-9, y - deep - 6 * size],
    [0, y - deep - 9 * size],
    [6, y - deep - 5 * size],
    [12, y - deep * 0.86],
  ]);
  const belly = smooth([
    [-6, y + deep * 0.8],
    [-9, y + deep + 5 * size],
    [-2, y + deep + 5.5 * size],
    [5, y + deep * 0.9],
  ]);
  return (
    ink.body(
      { path: tail, fill: ink.second },
      { path: back, fill: ink.second },
      { path: belly, fill: ink.second },
    ) +
    ink.line(rays(long, y, size, sway), ink.second, 0.6) +
    ink.body(
      ink.coat(trunk, {
        key: 'trunk',
        x: -long * 0.25,
        y,
        length: 24 * 0.72,
        girth: deep,
        stretch: [long / 24, 1],
      }),
    ) +
    ink.within(
      trunk,
      fill(ellipse(2, y + deep * 1.15, long * 0.9, deep * 0.5), mix(ink.base, '#ffffff', 0.55), 0.55),
    ) +
    pectoral(pose, ink, y) +
    group(face(ink, deep), long * 0.58, y, 5 * pose.head, 1 + 0.1 * pose.headSize)
  );
}

const rays = (long: number, y: number, size: number, sway: number): string =>
  [-8, 0, 8]
    .map((spread) => `M${-long - 1} ${y + spread * 0.2}L${-long - 8 * size} ${y + spread * size + sway}`)
    .join('');

function pectoral({ limbs }: Pose, ink: SubjectInk, y: number): string {
  const drop = 3 * limbs;
  const path = smooth([
    [4, y + 1],
    [-3, y + 0.5 + drop],
    [-9, y + 5 + 1.6 * drop],
    [-4, y + 8 + 1.4 * drop],
    [3, y + 6],
  ]);
  return (
    ink.body({ path, fill: ink.second }) +
    ink.line(`M1 ${y + 3.4}L-5 ${y + 5.4 + 1.3 * drop}`, ink.second, 0.6)
  );
}

function face(ink: SubjectInk, deep: number): string {
  return (
    ink.line(`M-5 ${-deep * 0.62}Q-1.4 0 -5 ${deep * 0.62}`, ink.base, 0.9) +
    fill(ellipse(3, 4.4, 2.4, 1.6), '#f0878f', 0.55) +
    fill(ellipse(3.4, -3, 4.2), '#ffffff') +
    ink.line(ellipse(3.4, -3, 4.2), ink.base, 0.7) +
    ink.eye(4.2, -2.8, 2.4) +
    ink.line('M10.4 2.6Q7.4 5.4 4.6 5', ink.base, 1) +
    wear(ink, 'side', { x: -6, y: -deep * 0.78, reach: 6, turn: -10 }) +
    wear(ink, 'head', { x: -1, y: -deep * 0.84, reach: 8, turn: 14 })
  );
}
