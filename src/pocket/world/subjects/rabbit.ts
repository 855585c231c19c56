import { wear } from '../accessories/index.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth, tube } from '../drawing/path.ts';
import { fill, group } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

export const rabbit: SubjectDrawing = {
  postures: { sitting, standing },
  accessories: ['scarf', 'collar', 'hat', 'bow', 'glasses'],
  reach: { back: 29, front: 31, up: 72 },
  shadow: 22,
  hover: 0,
};

const trunkCoat = { key: 'trunk', length: 17, girth: 11 };

/** On all fours, the back round. */
function sitting(pose: Pose, ink: SubjectInk): string {
  const wide = 1 + 0.08 * pose.bodyLength;
  const plump = 1.2 * ink.appearance.build;
  const trunk = smooth([
    [-21 * wide, -8],
    [-17 * wide, -20 - plump],
    [-6, -26 - plump],
    [5, -22],
    [12 * wide, -17],
    [14 * wide, -8],
    [9, -2],
    [-15 * wide, -1.5],
  ]);
  const haunch = ellipse(-9 * wide, -9.5, 10.5, 8.8 + 0.5 * plump);
  const foreleg = (x: number) =>
    tube(
      [
        [x - 1, -11],
        [x, -6],
        [x + 1.4, -2.2],
      ],
      [3.8, 3.1, 2.8],
    );
  return (
    ink.body(
      ink.coat(
        foreleg(12 * wide - pose.limbs),
        { key: 'far leg', x: 12, y: -6, length: 5, girth: 3, turn: 90 },
        'far',
      ),
    ) +
    ink.body({ path: ellipse(-21 * wide, -8 - 1.5 * pose.tail, 5, 4.8), fill: ink.pale }) +
    ink.body(
      ink.coat(trunk, { ...trunkCoat, x: -4, y: -12, turn: 8, stretch: [wide, 1] }),
      ink.coat(foreleg(7 * wide + pose.limbs), {
        key: 'near leg',
        x: 7,
        y: -6,
        length: 5,
        girth: 3,
        turn: 90,
      }),
      ink.coat(haunch, { key: 'haunch', x: -9 * wide, y: -9.5, length: 9, girth: 8, turn: -20 }),
      { path: ellipse(-3 + pose.limbs, -2.3, 8, 2.6), fill: ink.base },
    ) +
    ink.line(`M${-18 * wide} -12A10.5 9 0 0 1 ${1.4 * wide} -8`, ink.base) +
    wear(ink, 'neck', { x: 10, y: -19.5, reach: 7.6 }) +
    group(head(pose, ink), 12, -28, 8 * pose.head, 1 + 0.08 * pose.headSize)
  );
}

/** Upright on the hind legs. */
function standing(pose: Pose, ink: SubjectInk): string {
  const plump = 1.2 * ink.appearance.build;
  const tall = 2 * pose.bodyLength;
  const trunk = smooth([
    [-10.5 - plump, -6],
    [-12 - plump, -14],
    [-7.5, -27 - tall],
    [0, -31 - tall],
    [7.5, -27 - tall],
    [11.5 + plump, -14],
    [10 + plump, -5],
    [0, -2],
  ]);
  const arm = (side: 1 | -1) =>
    tube(
      [
        [side * 7, -24 - tall],
        [side * 10.4, -19],
        [side * (6.6 + pose.limbs * side), -14.5],
      ],
      [2.7, 2.7, 2.5],
    );
  return (
    ink.body({ path: ellipse(-12 - plump, -7 - pose.tail, 4.4), fill: ink.pale }) +
    ink.body(
      { path: ellipse(-5.4, -2.6, 6, 3), fill: ink.base },
      { path: ellipse(7.4, -2.6, 6, 3), fill: ink.base },
      ink.coat(trunk, {
        ...trunkCoat,
        x: 0,
        y: -15 - tall / 2,
        turn: 90,
        stretch: [(14 + tall / 2) / 17, 1],
      }),
    ) +
    fill(ellipse(0.8, -13.5, 6.2 + 0.6 * plump, 8), ink.pale, 0.9) +
    ink.body(
      ink.coat(arm(-1), { key: 'near leg', x: -8, y: -19, length: 5, girth: 3, turn: 90 }),
      ink.coat(arm(1), { key: 'far leg', x: 8, y: -19, length: 5, girth: 3, turn: 90 }),
    ) +
    wear(ink, 'neck', { x: 0.4, y: -28 - tall, reach: 7.4 }) +
    group(head(pose, ink), 0.6, -36.5 - tall, 8 * pose.head, 1 + 0.08 * pose.headSize)
  );
}

/** A round head with upright ears; `trait` is the length of the ears. */
function head({ tail: swing }: Pose, ink: SubjectInk): string {
  const { trait, build } = ink.appearance;
  const tip = 23 + 3.6 * trait;
  const cheek = 10.4 + build;
  const face = smooth([
    [-cheek, 2],
    [-7.6, -6],
    [0.3, -8.6],
    [8.2, -6],
    [cheek + 0.4, 2],
    [6.4, 7.8],
    [0.6, 8.8],
    [-5.4, 7.8],
  ]);
  const ear = (side: 1 | -1, width: number) =>
    tube(
      [
        [side * 4, -6],
        [side * 5.4, -tip * 0.62],
        [side * 6 + 1.5 * swing, -tip],
      ],
      [2.6 * width, 3.6 * width, 2.3 * width],
    );
  const coat = (side: number) => ({
    key: `ear ${side}`,
    x: side * 5,
    y: -15,
    length: 9,
    girth: 3.4,
    turn: 90,
  });
  return (
    ink.body(ink.coat(ear(-1, 1), coat(-1)), ink.coat(ear(1, 1), coat(1))) +
    group(fill(ear(-1, 0.5) + ear(1, 0.5), '#f0a3a8', 0.9), 0, -2.6, 0, 1, 0.9) +
    ink.body(ink.coat(face, { key: 'face', x: 0.4, y: -5, length: 9, girth: 3.6 })) +
    fill(ellipse(-6.4, 3.4, 2.2, 1.5) + ellipse(8.4, 3.4, 2.2, 1.5), '#f0878f', 0.5) +
    fill(ellipse(1.4, 4.6, 4.2, 3.2), ink.pale) +
    fill(
      smooth([
        [0.2, 2.2],
        [2.8, 2.2],
        [1.5, 3.9],
      ]),
      '#d9697c',
    ) +
    ink.line('M1.5 3.9V5Q0.4 6.4 -1.1 5.8M1.5 5Q2.6 6.4 4.1 5.8', ink.pale, 0.75) +
    ink.eye(-4, -0.6, 2) +
    ink.eye(6, -0.6, 2) +
    wear(ink, 'eyes', { x: 1, y: -0.4, reach: 5.2 }) +
    wear(ink, 'side', { x: -4.6, y: -9, reach: 5.4, turn: -16 }) +
    wear(ink, 'head', { x: 0.4, y: -7.4, reach: 7.4 })
  );
}
