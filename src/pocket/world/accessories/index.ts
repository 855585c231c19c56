import { hexOf } from '../colours.ts';
import type { Ink, SubjectInk } from '../drawing/ink.ts';
import { group } from '../drawing/svg.ts';
import type { AccessoryKind } from '../scene.ts';
import { bow } from './bow.ts';
import { collar } from './collar.ts';
import { crown } from './crown.ts';
import { glasses } from './glasses.ts';
import { hat } from './hat.ts';
import { scarf } from './scarf.ts';

/** Where something can be worn. */
export type Slot = 'neck' | 'head' | 'side' | 'eyes';

/** A place on a body: its middle, how far it reaches to each side, and how it is turned. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly reach: number;
  readonly turn?: number;
}

/** Draws an accessory around the origin, reaching from −reach to reach; the subject faces right. */
export type DrawAccessory = (ink: Ink, colour: string, reach: number) => string;

export const accessories: {
  readonly [K in AccessoryKind]: { readonly slot: Slot; readonly draw: DrawAccessory };
} = {
  scarf: { slot: 'neck', draw: scarf },
  collar: { slot: 'neck', draw: collar },
  hat: { slot: 'head', draw: hat },
  crown: { slot: 'head', draw: crown },
  bow: { slot: 'side', draw: bow },
  glasses: { slot: 'eyes', draw: glasses },
};

/** The accessory of the appearance if it is worn in this slot, else nothing. */
export function wear(ink: SubjectInk, slot: Slot, { x, y, reach, turn = 0 }: Place): string {
  const { accessory } = ink.appearance;
  if (accessory.kind === 'none' || accessories[accessory.kind].slot !== slot) return '';
  const { draw } = accessories[accessory.kind];
  return group(draw(ink, hexOf(accessory.colour), reach), x, y, turn);
}
