import { fold, type RandomKey } from '../../engine/arrays/index.ts';
import { backgroundDrawings } from './backgrounds/index.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { companionDrawings } from './companions/index.ts';
import { randomAppearance, randomColour } from './random-appearance.ts';
import {
  type BackgroundKind,
  backgroundKinds,
  type Companion,
  type CompanionKind,
  companionKinds,
  type Pose,
  type Posture,
  type Scene,
  type Side,
  type SubjectClass,
  subjectClasses,
} from './scene.ts';
import { subjectDrawings } from './subjects/index.ts';

/** What a scene is drawn from; each list defaults to all there is, every entry as likely as the next. */
export interface RandomSceneOptions {
  readonly classes?: readonly SubjectClass[];
  readonly backgrounds?: readonly BackgroundKind[];
  /** Share of scenes with a second object; 0.4 by default. */
  readonly companionShare?: number;
}

/** A scene of the world: the same key gives the same scene. */
export function randomScene(key: RandomKey, options: RandomSceneOptions = {}): Scene {
  const chance = chanceFrom(fold(key, 'scene'));
  const subjectClass = chance.pick(options.classes ?? subjectClasses);
  const background = { kind: chance.pick(options.backgrounds ?? backgroundKinds), seed: chance.seed() };
  const companionKind = chance.happens(options.companionShare ?? 0.4) ? chance.pick(companionKinds) : null;
  const room = companionKind === null ? 0 : roomFor(companionKind);
  const pose = randomPose(fold(key, 'pose'), subjectClass, background.kind, room);
  return {
    background,
    light: randomSide(chance),
    subject: {
      class: subjectClass,
      pose,
      appearance: randomAppearance(fold(key, 'appearance'), subjectClass),
    },
    companion:
      companionKind === null
        ? null
        : randomCompanion(fold(key, 'companion'), companionKind, pose, subjectClass),
    grainSeed: chance.seed(),
  };
}

/**
 * A pose on the background's ground with the whole figure in the picture.
 * @param room width to leave free at one side for a second object
 */
export function randomPose(
  key: RandomKey,
  subjectClass: SubjectClass,
  background: BackgroundKind,
  room = 0,
): Pose {
  const chance = chanceFrom(key);
  const { postures, reach, hover } = subjectDrawings[subjectClass];
  const [nearest, farthest] = backgroundDrawings[background].ground;
  const facing = randomSide(chance);
  const y = chance.between(farthest, nearest);
  const nearness = 0.93 + (0.12 * (y - farthest)) / (nearest - farthest); // what stands nearer looks larger
  const highest = (y - 3) / (reach.up + hover);
  const widest = (94 - room) / (reach.back + reach.front);
  const scale = Math.min(chance.between(0.95, 1.3) * nearness, highest, widest);
  const [left, right] = facing === 'right' ? [reach.back, reach.front] : [reach.front, reach.back];
  const free = 94 - (left + right) * scale;
  const shift = room === 0 ? chance.between(0, free) : chance.between(0, free - room);
  return {
    x: room === 0 || chance.happens(0.5) ? 3 + left * scale + shift : 97 - right * scale - shift,
    y,
    scale,
    facing,
    tilt: chance.between(-4, 4),
    posture: chance.pick(Object.keys(postures) as Posture[]),
    limbs: chance.between(-1, 1),
    head: chance.between(-1, 1),
    tail: chance.between(-1, 1),
    bodyLength: chance.between(-1, 1),
    headSize: chance.between(-1, 1),
  };
}

/** A second object on the side of the picture's middle; what stands in front covers a part of the subject's feet. */
function randomCompanion(
  key: RandomKey,
  kind: CompanionKind,
  pose: Pose,
  subjectClass: SubjectClass,
): Companion {
  const chance = chanceFrom(key);
  const { place, half } = companionDrawings[kind];
  const { shadow } = subjectDrawings[subjectClass];
  const scale = chance.between(0.85, 1.05);
  const side = pose.x > 50 ? -1 : 1;
  const distance =
    place === 'front'
      ? chance.between(0.3, 0.9) * shadow * pose.scale
      : shadow * pose.scale + half * scale * chance.between(0.4, 0.9);
  const margin = half * scale;
  return {
    kind,
    x: Math.min(Math.max(pose.x + side * distance, margin), 100 - margin),
    y: place === 'front' ? Math.min(pose.y + 3.5, 97) : pose.y - chance.between(1, 5),
    scale,
    colour: randomColour(chance),
    seed: chance.seed(),
  };
}

/** The width that most of a companion needs beside the subject; what stands in front needs none. */
const roomFor = (kind: CompanionKind): number =>
  companionDrawings[kind].place === 'front' ? 0 : 1.4 * companionDrawings[kind].half;

const randomSide = (chance: Chance): Side => (chance.happens(0.5) ? 'left' : 'right');
