import type { Colour } from './colours.ts';

/** What can be the subject of a picture; the word is also the caption's. */
export const subjectClasses = [
  'cat',
  'dog',
  'rabbit',
  'tortoise',
  'bird',
  'fish',
  'elephant',
  'teapot',
  'car',
  'robot',
  'backpack',
  'mug',
] as const;
export type SubjectClass = (typeof subjectClasses)[number];

export const patterns = ['plain', 'stripes', 'spots', 'patches', 'stars', 'checks'] as const;
export type Pattern = (typeof patterns)[number];

export const accessoryKinds = ['scarf', 'collar', 'hat', 'crown', 'bow', 'glasses'] as const;
export type AccessoryKind = (typeof accessoryKinds)[number];

export const postures = ['standing', 'sitting', 'lying', 'flying', 'swimming', 'driving', 'waving'] as const;
export type Posture = (typeof postures)[number];

export const backgroundKinds = [
  'meadow',
  'beach',
  'snow',
  'city',
  'wall',
  'living-room',
  'kitchen',
  'forest',
  'desert',
  'sea',
  'moon',
  'garden',
] as const;
export type BackgroundKind = (typeof backgroundKinds)[number];

export const companionKinds = [
  'mirror',
  'ball',
  'lamp',
  'plant',
  'box',
  'chair',
  'reeds',
  'flowers',
  'fence',
  'balloon',
] as const;
export type CompanionKind = (typeof companionKinds)[number];

export type Side = 'left' | 'right';

/** How a subject looks, wherever it is and whatever it does: what a concept keeps and an edit replaces. */
export interface Appearance {
  readonly base: Colour;
  /** The pattern's colour, and that of smaller parts. */
  readonly second: Colour;
  readonly pattern: Pattern;
  /** Where the marks of the pattern lie. */
  readonly patternSeed: number;
  readonly accessory: { readonly kind: 'none' } | Worn;
  /** From −1, slim, to 1, chubby. */
  readonly build: number;
  /** From −1 to 1: the class's own change of shape (ears, beak, handle, …). */
  readonly trait: number;
}

export interface Worn {
  readonly kind: AccessoryKind;
  readonly colour: Colour;
}

/** Where a subject is and what it does: what an edit keeps. */
export interface Pose {
  /** The point on the ground under the subject, in a picture of 100 by 100. */
  readonly x: number;
  readonly y: number;
  /** At 1 a subject is about 60 wide or high. */
  readonly scale: number;
  readonly facing: Side;
  /** Degrees, clockwise. */
  readonly tilt: number;
  readonly posture: Posture;
  /** Joints, each from −1 to 1: stride or reach of the limbs, turn of the head, lift of the tail. */
  readonly limbs: number;
  readonly head: number;
  readonly tail: number;
  /** Proportions, from −1 to 1: length of the body, size of the head. */
  readonly bodyLength: number;
  readonly headSize: number;
}

export interface Subject {
  readonly class: SubjectClass;
  readonly pose: Pose;
  readonly appearance: Appearance;
}

/** A second object. Where it stands (behind the subject, beside it, in front) is its kind's affair. */
export interface Companion {
  readonly kind: CompanionKind;
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly colour: Colour;
  readonly seed: number;
}

/** Everything a picture shows, as plain data. */
export interface Scene {
  readonly background: { readonly kind: BackgroundKind; readonly seed: number };
  /** The side the light comes from. */
  readonly light: Side;
  readonly subject: Subject;
  readonly companion: Companion | null;
  readonly grainSeed: number;
}

/** A particular subject with an appearance of its own: what personalization learns from a few pictures. */
export interface Concept {
  readonly name: string;
  readonly class: SubjectClass;
  readonly appearance: Appearance;
}
