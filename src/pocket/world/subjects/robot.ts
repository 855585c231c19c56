import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import { outlineOf, type SubjectInk } from '../drawing/ink.ts';
import { box, ellipse, type Point, tube } from '../drawing/path.ts';
import { fill, group, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Limbs in the second colour; `trait` is the length of the antenna, `tail` shifts the weight. */
export const robot: SubjectDrawing = {
  postures: {
    standing: (pose, ink) =>
      figure(pose, ink, [
        [14, -33],
        [19.4, -25 + pose.limbs],
        [18 + 2 * pose.limbs, -16.5],
      ]),
    waving: (pose, ink) =>
      figure(pose, ink, [
        [14, -33],
        [21.6, -35],
        [24.4 + 2.4 * pose.limbs, -44.5],
      ]),
  },
  accessories: ['scarf', 'hat', 'crown', 'bow', 'glasses'],
  reach: { back: 27, front: 35, up: 76 },
  shadow: 19,
  hover: 0,
};

function figure(pose: Pose, ink: SubjectInk, frontArm: readonly Point[]): string {
  const lean = 0.8 * pose.tail;
  const metal = mix(ink.second, '#c8ccd8', 0.25);
  return (
    leg(ink, -6.4, -pose.limbs, metal) +
    leg(ink, 6.8, pose.limbs, metal) +
    arm(
      ink,
      [
        [-13 + lean, -33],
        [-19.6, -26 - pose.limbs],
        [-18.4 - 2 * pose.limbs, -17],
      ],
      metal,
    ) +
    arm(ink, frontArm, metal) +
    group(chest(pose, ink), lean, 0) +
    group(head(pose, ink, metal), 1.4 * lean, -48, 6 * pose.head, 1 + 0.08 * pose.headSize) +
    wear(ink, 'neck', { x: lean, y: -38.4, reach: 9.6 })
  );
}

function chest({ bodyLength }: Pose, ink: SubjectInk): string {
  const broad = 13.4 + 1.3 * ink.appearance.build; // at rest
  const wide = broad + 0.6 * bodyLength;
  const torso = box(-wide, -38.4, 2 * wide, 26, 5);
  return (
    ink.body({ path: box(-4, -43, 8, 7, 1), fill: '#8a8c98', form: 'flat' }) +
    ink.body(
      ink.coat(torso, { key: 'torso', x: 0, y: -25.4, length: broad, girth: 13, stretch: [wide / broad, 1] }),
    ) +
    ink.body({ path: box(-7, -32, 14, 9.6, 2), fill: '#e9edf2', form: 'flat' }) +
    stroke('M-5 -27H-2.4L-0.8 -29.8L1.4 -24.6L2.8 -27H5', '#d8433e', 0.95) +
    ['#e85d4a', '#f5ce44', '#62ab4e']
      .map((colour, index) => ink.body({ path: ellipse(-5 + 5 * index, -17.6, 1.5), fill: colour }))
      .join('')
  );
}

function arm(ink: SubjectInk, joints: readonly Point[], metal: string): string {
  const [x, y] = joints[2]!;
  return (
    ink.body({ path: tube(joints, [3.2, 2.5, 2.4]), fill: metal }) +
    ink.body({ path: ellipse(x, y, 4), fill: ink.base }) +
    ink.body({ path: ellipse(joints[0]![0], joints[0]![1], 3.4), fill: ink.base })
  );
}

function leg(ink: SubjectInk, x: number, stride: number, metal: string): string {
  const foot = x + 1.8 * stride;
  return (
    ink.body({
      path: tube(
        [
          [x, -13],
          [x + stride * 0.6, -8],
          [foot, -4],
        ],
        [3, 2.9, 2.8],
      ),
      fill: metal,
    }) +
    ink.line(`M${x - 2.4} -9.4H${x + 2.8}`, metal, 0.8) +
    ink.body({ path: box(foot - 5, -5.4, 11.4, 5.4, 2.6), fill: ink.base })
  );
}

function head({ tail }: Pose, ink: SubjectInk, metal: string): string {
  const { trait } = ink.appearance;
  const tip = -17.6 - 2.4 * trait;
  const skull = box(-13, -10, 26, 18.6, 5.4);
  const visor = box(-10, -6.6, 21, 9.4, 4.4);
  const rod = `M0 -10L${1.2 * tail} ${tip}`;
  return (
    stroke(rod, outlineOf(metal), 2.8) +
    stroke(rod, metal, 1.2) +
    ink.body({ path: ellipse(1.2 * tail, tip - 1, 2.4), fill: '#f2604a' }) +
    ink.body(
      { path: box(-16.4, -4.6, 5, 8, 2), fill: metal },
      { path: box(11.4, -4.6, 5, 8, 2), fill: metal },
    ) +
    ink.body(ink.coat(skull, { key: 'head', x: 0, y: -1, length: 13, girth: 9 })) +
    ink.body({ path: visor, fill: '#2b3040', form: 'flat' }) +
    [-4, 5.2]
      .map((x) => fill(ellipse(x, -1.9, 2.5, 2.7), '#8ff0e4') + fill(ellipse(x + 0.6, -2.6, 0.8), '#ffffff'))
      .join('') +
    stroke('M-3 5.6Q0.8 7.4 4.6 5.6', outlineOf(ink.base), 1) +
    wear(ink, 'eyes', { x: 0.6, y: -1.9, reach: 5 }) +
    wear(ink, 'side', { x: -9.6, y: -9.6, reach: 6.4, turn: -20 }) +
    wear(ink, 'head', { x: 0, y: -9.6, reach: 9.6 })
  );
}
