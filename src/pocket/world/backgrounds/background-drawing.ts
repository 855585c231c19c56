import type { Chance } from '../chance.ts';
import type { Side } from '../scene.ts';

/** A background as SVG, 100 by 100, with the gradients it refers to. */
export interface Backdrop {
  readonly svg: string;
  readonly definitions: string;
}

export interface BackgroundDrawing {
  /** The same draws give the same backdrop. */
  readonly draw: (chance: Chance, light: Side) => Backdrop;
  /** Its light on what stands in it: red, green and blue are multiplied by it. */
  readonly tint: readonly [number, number, number];
  /** Where subjects may stand, as y of their feet. */
  readonly ground: readonly [nearest: number, farthest: number];
}
