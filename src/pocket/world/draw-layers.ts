import { fold, randomKey } from '../../engine/arrays/index.ts';
import { backgroundDrawings } from './backgrounds/index.ts';
import { chanceFrom } from './chance.ts';
import { hexOf } from './colours.ts';
import { companionDrawings } from './companions/index.ts';
import { createInk, createSubjectInk, inkGradients, type Names } from './drawing/ink.ts';
import { ellipse } from './drawing/path.ts';
import { fill, group, radialGradient } from './drawing/svg.ts';
import type { Companion, Scene, Side, Subject } from './scene.ts';
import { subjectDrawings } from './subjects/index.ts';

/** A scene as SVG in three layers, 100 by 100, to be laid over each other. */
export interface Layers {
  /** Background, shadows and what stands behind the subject; opaque but for a blurred background's border. */
  readonly behind: string;
  readonly subject: string;
  /** What stands in front of the subject; empty if nothing does. */
  readonly front: string;
  /** Gradients that the layers refer to. */
  readonly definitions: string;
  /** The background's light on subject and front: red, green and blue are multiplied by it. */
  readonly tint: readonly [number, number, number];
}

export function drawLayers(scene: Scene): Layers {
  let named = 0;
  const names: Names = () => `clip${named++}`;
  const background = backgroundDrawings[scene.background.kind];
  const backdrop = background.draw(
    chanceFrom(fold(randomKey(scene.background.seed), scene.background.kind)),
    scene.light,
  );
  const companion = scene.companion === null ? '' : drawCompanion(scene.companion, scene.light, names);
  const inFront = scene.companion !== null && companionDrawings[scene.companion.kind].place === 'front';
  return {
    behind:
      throughLens('far', backdrop.svg) +
      (inFront ? '' : throughLens('near', companion)) +
      subjectShadow(scene.subject, scene.light),
    subject: throughLens('subject', drawSubject(scene.subject, scene.light, names)),
    front: inFront ? throughLens('subject', companion) : '',
    definitions: blurs + inkGradients + shadowGradient + backdrop.definitions,
    tint: background.tint,
  };
}

/** As through a lens focused on the subject: edges there are a photo's, what is behind is blurred, more if it is far. */
const throughLens = (distance: keyof typeof blurRadius, content: string): string =>
  content === '' ? '' : `<g filter="url(#${distance})">${content}</g>`;

/** Standard deviations of the blur, of a picture's width of 100. */
const blurRadius = { subject: 0.4, near: 0.9, far: 1.8 } as const;

const blurs = Object.entries(blurRadius)
  .map(
    ([distance, radius]) =>
      `<filter id="${distance}" filterUnits="userSpaceOnUse" x="0" y="0" width="100" height="100">` +
      `<feGaussianBlur stdDeviation="${radius}"/></filter>`,
  )
  .join('');

function drawSubject({ class: subjectClass, pose, appearance }: Subject, light: Side, names: Names): string {
  const { postures, hover } = subjectDrawings[subjectClass];
  const draw = postures[pose.posture];
  if (draw === undefined) {
    const known = Object.keys(postures).join(', ');
    throw new Error(
      `drawLayers: a ${subjectClass} can be ${known}, got "${pose.posture}"; choose one of these`,
    );
  }
  const mirrored = pose.facing === 'left';
  const lightInside = mirrored ? opposite(light) : light;
  const figure = draw(pose, createSubjectInk(appearance, lightInside, names));
  const { x, y, scale, tilt } = pose;
  return group(figure, x, y - hover * scale, tilt, mirrored ? -scale : scale, scale);
}

function drawCompanion(companion: Companion, light: Side, names: Names): string {
  const { draw, shadow } = companionDrawings[companion.kind];
  const { kind, x, y, scale, colour, seed } = companion;
  const chance = chanceFrom(fold(randomKey(seed), kind));
  return (
    groundShadow(x, y, shadow * scale, light) +
    group(draw(createInk(light, names), hexOf(colour), chance), x, y, 0, scale)
  );
}

/** A soft ellipse that depends on the pose alone: an edit of the appearance leaves it as it is. */
function subjectShadow({ class: subjectClass, pose }: Subject, light: Side): string {
  const { shadow, hover } = subjectDrawings[subjectClass];
  const fading = hover === 0 ? 1 : 0.75;
  return groundShadow(pose.x, pose.y, shadow * pose.scale * fading, light);
}

function groundShadow(x: number, y: number, half: number, light: Side): string {
  if (half === 0) return '';
  const shift = light === 'left' ? 0.18 : -0.18;
  return fill(ellipse(x + shift * half, y - 0.3, half * 1.15, 2 + half * 0.13), 'url(#shadow)');
}

const shadowGradient = radialGradient(
  'shadow',
  [0.5, 0.5, 0.5],
  [
    [0, '#1c1430', 0.6],
    [0.55, '#1c1430', 0.42],
    [1, '#1c1430', 0],
  ],
);

const opposite = (side: Side): Side => (side === 'left' ? 'right' : 'left');
