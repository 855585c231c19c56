import type { SubjectInk } from '../drawing/ink.ts';
import type { AccessoryKind, Pose, Posture } from '../scene.ts';

/** Draws a subject facing right, feet at y = 0, its middle at x = 0, at scale 1. */
export type DrawFigure = (pose: Pose, ink: SubjectInk) => string;

/** All that the world knows of a class of subjects. */
export interface SubjectDrawing {
  readonly postures: { readonly [P in Posture]?: DrawFigure };
  readonly accessories: readonly AccessoryKind[];
  /** How far the figure reaches at scale 1 in its widest pose, with hats, shape changes and a little tilt. */
  readonly reach: { readonly back: number; readonly front: number; readonly up: number };
  /** Half the width of the shadow on the ground. */
  readonly shadow: number;
  /** How high above the ground it hovers; 0 for what stands. */
  readonly hover: number;
}
