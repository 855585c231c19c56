import type { Chance } from '../chance.ts';
import type { Ink } from '../drawing/ink.ts';

/** A second object: drawn with its foot at the origin. */
export interface CompanionDrawing {
  readonly draw: (ink: Ink, colour: string, chance: Chance) => string;
  /** Beside the subject and behind it where they overlap, or in front of it. */
  readonly place: 'behind' | 'front';
  /** Half the width of its shadow; 0 casts none. */
  readonly shadow: number;
  /** Half the width of its foot, at scale 1; leaves may reach further. */
  readonly half: number;
}
