import { fold, randomKey } from '../../../engine/arrays/index.ts';
import { type Chance, chanceFrom } from '../chance.ts';
import { fill, group } from '../drawing/svg.ts';
import type { Pattern } from '../scene.ts';
import { checks } from './checks.ts';
import { patches } from './patches.ts';
import { spots } from './spots.ts';
import { stars } from './stars.ts';
import { stripes } from './stripes.ts';

/** The part of a body that carries a pattern: marks follow its length, and stay within it. */
export interface Coat {
  /** Names the part: the same part of the same subject has the same marks in every picture. */
  readonly key: string;
  readonly x: number;
  readonly y: number;
  /** Half the extent along the part at rest: of the subject's shape, not of its pose. */
  readonly length: number;
  /** Half the extent across it, likewise. */
  readonly girth: number;
  /** Degrees from the x axis to the part's length. */
  readonly turn?: number;
  /** How many times its extent at rest the pose makes it, marks and all; 1 and 1 by default. */
  readonly stretch?: readonly [along: number, across: number];
}

/** One path with all the marks on a coat, around the origin, the length along x. */
export type Marks = (coat: Coat, chance: Chance) => string;

const marksOf: { readonly [P in Exclude<Pattern, 'plain'>]: Marks } = {
  stripes,
  spots,
  patches,
  stars,
  checks,
};

/** The marks of a pattern on one part, to be clipped to it. */
export function patternOn(coat: Coat, pattern: Pattern, seed: number, colour: string): string {
  if (pattern === 'plain') return '';
  const chance = chanceFrom(fold(fold(randomKey(seed), pattern), coat.key));
  const { x, y, turn = 0, stretch = [1, 1] } = coat;
  return group(fill(marksOf[pattern](coat, chance), colour), x, y, turn, ...stretch);
}
