import { wear } from '../accessories/index.ts';
import type { Part, SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth, tube } from '../drawing/path.ts';
import { group } from '../drawing/svg.ts';
import type { Coat } from '../patterns/index.ts';
import type { Pose } from '../scene.ts';
import type { DrawFigure } from './subject-drawing.ts';

/** Measures of a four-legged body. */
interface Build {
  /** Half the length of the trunk at rest. */
  readonly length: number;
  /** Half its height. */
  readonly depth: number;
  readonly leg: number;
  /** Radius of a leg above the paw. */
  readonly limb: number;
}

/** The side that is turned to the beholder, and the other. */
type BodySide = 'near' | 'far';

/** A four-legged animal that stands, sits or lies, as it differs from others. */
interface Quadruped {
  /** Of an appearance's build, −1 to 1. */
  readonly measures: (build: number) => Build;
  readonly tail: (pose: Pose, ink: SubjectInk, rump: readonly [x: number, y: number]) => string;
  /** Around its middle. */
  readonly head: (ink: SubjectInk) => string;
  /** How far before the neck that is. */
  readonly headForward: number;
  /** Where it wears what is worn around the neck: how far below it, and how wide. */
  readonly neckwear: { readonly below: number; readonly reach: number };
}

export const quadrupedPostures = (animal: Quadruped) => ({
  standing: figure(animal, standingBody),
  sitting: figure(animal, sittingBody),
  lying: figure(animal, lyingBody),
});

function figure({ measures, tail, head, headForward, neckwear }: Quadruped, bodyOf: DrawBody): DrawFigure {
  return (pose, ink) => {
    const { behind, front, neck, rump } = bodyOf(pose, ink, measures(ink.appearance.build));
    const [x, y] = neck;
    return (
      behind +
      tail(pose, ink, rump) +
      front +
      wear(ink, 'neck', { x: x + 0.5, y: y + neckwear.below, reach: neckwear.reach }) +
      group(head(ink), x + headForward, y - 6.5, 9 * pose.head, 1 + 0.08 * pose.headSize)
    );
  };
}

type DrawBody = (pose: Pose, ink: SubjectInk, build: Build) => Body;

/** A body in two pieces, so that tail, accessories and head can go between and over them. */
interface Body {
  readonly behind: string;
  readonly front: string;
  /** Where neck and tail begin. */
  readonly neck: readonly [x: number, y: number];
  readonly rump: readonly [x: number, y: number];
}

function standingBody(pose: Pose, ink: SubjectInk, { length: atRest, depth, leg, limb }: Build): Body {
  const { limbs } = pose;
  const length = stretched(atRest, pose);
  const y = -leg - depth * 0.75;
  const trunk = smooth([
    [-length, y - 0.45 * depth],
    [-0.6 * length, y - depth],
    [0, y - 0.86 * depth],
    [0.6 * length, y - 1.04 * depth],
    [length, y - 0.6 * depth],
    [1.04 * length, y + 0.3 * depth],
    [0.55 * length, y + depth],
    [-0.1 * length, y + 0.78 * depth],
    [-0.65 * length, y + 0.92 * depth],
    [-1.04 * length, y + 0.3 * depth],
  ]);
  const pair = (side: BodySide): Part[] => {
    const swing = side === 'near' ? 4 * limbs : -4 * limbs;
    const shift = side === 'near' ? 0 : 3.4;
    return [
      ...legParts(ink, side, {
        coat: forelegCoat(side, limb),
        hip: [0.7 * length + shift, y],
        length: leg,
        swing,
        thigh: limb * 1.55,
        knee: limb * 1.05,
      }),
      ...legParts(ink, side, {
        coat: { key: `${side} hind leg`, length: leg * 0.7, girth: limb * 2.1 },
        hip: [-0.76 * length + shift, y],
        length: leg,
        swing: -swing,
        thigh: limb * 2.1,
        knee: limb * 1.1,
      }),
    ];
  };
  return {
    behind: ink.body(...pair('far')),
    front: ink.body(
      ink.coat(trunk, {
        key: 'trunk',
        x: 0,
        y,
        length: atRest,
        girth: depth,
        stretch: [length / atRest, 1],
      }),
      ...pair('near'),
    ),
    neck: [0.86 * length, y - 0.7 * depth],
    rump: [-0.98 * length, y - 0.35 * depth],
  };
}

function sittingBody(pose: Pose, ink: SubjectInk, { length, depth, limb }: Build): Body {
  const { limbs } = pose;
  const wide = stretched(length, pose) / 19;
  const deep = depth / 10;
  const torso = smooth([
    [4, -33],
    [11 + deep, -24],
    [10.5 + deep, -9],
    [6, -2],
    [-10 * wide, -1],
    [-18 * wide, -7],
    [-16.5 * wide, -17],
    [-8 * wide, -28],
  ]);
  const foreleg = (x: number, side: BodySide): Part[] => [
    ink.coat(
      tube(
        [
          [x - 2, -19],
          [x, -10],
          [x + 0.5, -2.2],
        ],
        [limb * 1.35, limb * 1.1, limb],
      ),
      { ...forelegCoat(side, limb), x, y: -9, turn: 90 },
      formOn(side),
    ),
    paw(ink, x + 1.8, limb, side),
  ];
  const haunch = ellipse(-8 * wide, -9, 10 * wide * deep, 8.6);
  return {
    behind: ink.body(...foreleg(12.5 + limbs, 'far')),
    front:
      ink.body(
        ink.coat(torso, {
          key: 'trunk',
          x: -3,
          y: -16,
          length,
          girth: depth,
          turn: -52,
          stretch: [15 / length, 13 / depth],
        }),
        ...foreleg(7 - limbs, 'near'),
        ink.coat(haunch, { ...haunchCoat, x: -8 * wide, y: -9, turn: -30, stretch: [wide, 1] }),
        { path: ellipse(2.5 * wide, -2.2, limb * 2.1, limb * 0.95), fill: ink.base },
      ) + ink.line(haunchLine(wide * deep), ink.base),
    neck: [6, -33],
    rump: [-16.5 * wide, -6],
  };
}

function lyingBody(pose: Pose, ink: SubjectInk, { length: atRest, depth, limb }: Build): Body {
  const { limbs } = pose;
  const length = stretched(atRest, pose);
  const top = -12 - 0.6 * depth;
  const trunk = smooth([
    [-1.12 * length, -1.5],
    [-1.3 * length, -8],
    [-0.95 * length, top],
    [0, top + 1],
    [0.7 * length, top - 1],
    [1.04 * length, -11],
    [1.02 * length, -2],
    [0.4 * length, -0.6],
    [-0.6 * length, -0.6],
  ]);
  const foreleg = (reach: number, y: number, side: BodySide): Part =>
    ink.coat(
      tube(
        [
          [0.6 * length, y - 1],
          [length, y],
          [length + reach, y + 0.2],
        ],
        [limb * 1.2, limb * 1.1, limb],
      ),
      { ...forelegCoat(side, limb), x: length, y },
      formOn(side),
    );
  return {
    behind: ink.body(foreleg(10.5 - 2 * limbs, -4.4, 'far')),
    front: ink.body(
      ink.coat(trunk, {
        key: 'trunk',
        x: -1,
        y: -9,
        length: atRest,
        girth: depth,
        stretch: [(1.1 * length) / atRest, (1 - top / 2) / depth],
      }),
      ink.coat(ellipse(-0.68 * length, -8, 9.4, 8), {
        ...haunchCoat,
        x: -0.68 * length,
        y: -8,
        stretch: [8 / 9, 7 / 8],
      }),
      foreleg(8.5 + 2 * limbs, -limb, 'near'),
      { path: ellipse(-0.32 * length, -2.3, limb * 2.2, limb * 0.9), fill: ink.base },
    ),
    neck: [0.8 * length, top - 0.5],
    rump: [-1.2 * length, -5],
  };
}

/** Half the length of the trunk in a pose. */
const stretched = (atRest: number, { bodyLength }: Pose): number => atRest + 2.5 * bodyLength;

/** A leg of a standing body. */
interface Leg {
  readonly coat: Pick<Coat, 'key' | 'length' | 'girth'>;
  /** Where it hangs. */
  readonly hip: readonly [x: number, y: number];
  readonly length: number;
  /** How far before the hip its paw is. */
  readonly swing: number;
  /** Radii. */
  readonly thigh: number;
  readonly knee: number;
}

function legParts(ink: SubjectInk, side: BodySide, { coat, hip, length, swing, thigh, knee }: Leg): Part[] {
  const [x, y] = hip;
  const foot = x + swing;
  const limb = tube(
    [
      [x, y + 1],
      [x + swing * 0.35 + 0.6, -length * 0.5],
      [foot, -2.4],
    ],
    [thigh, knee, knee * 0.9],
  );
  const posed: Coat = {
    ...coat,
    x: x + swing * 0.4,
    y: -length * 0.6,
    turn: 90,
    stretch: [(length * 0.7) / coat.length, thigh / coat.girth],
  };
  return [ink.coat(limb, posed, formOn(side)), paw(ink, foot + 1, knee, side)];
}

/** Names and extents of parts that several postures show. */
const forelegCoat = (side: BodySide, limb: number) => ({
  key: `${side} foreleg`,
  length: 8,
  girth: limb,
});
const haunchCoat = { key: 'haunch', length: 9, girth: 8 };

const formOn = (side: BodySide) => (side === 'far' ? 'far' : 'round');

const paw = (ink: SubjectInk, x: number, limb: number, side: BodySide): Part => ({
  path: ellipse(x, -1.9, limb * 1.35, 2),
  fill: ink.base,
  form: formOn(side),
});

const haunchLine = (wide: number): string => `M${-16 * wide} -13A${10 * wide} 8.6 0 0 1 ${1.6 * wide} -7`;
