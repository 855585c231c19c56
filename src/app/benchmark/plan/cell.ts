import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { SuiteName, VariantName } from './variants.ts';

/** What is edited into what, with which randomness: the unit that methods are compared on. */
export interface Case {
  readonly concept: string;
  readonly source: string;
  readonly seed: number;
}

/** One figure of a table: a case edited in one way. Cells that come to the same edit share its jobs. */
export interface Cell extends Case {
  readonly suite: SuiteName;
  readonly baseline: MethodKind;
  readonly variant: VariantName;
  /** Hashes of its jobs. */
  readonly learn: string;
  readonly edit: string;
  readonly measure: string;
}

/** Figures of equal cases are paired under it. */
export const caseKey = ({ concept, source, seed }: Case): string => `${concept} ${source} ${seed}`;
