import type { NdArray } from '../../engine/index.ts';
import type { Picture } from '../../files/images/index.ts';

/**
 * Where something is seen: float32 [height, width], 0 to 1. A pixel counts as inside from 0.5 on where a measure asks
 * inside or outside.
 */
export type Mask = NdArray<'float32'>;

/** A picture and where its subject is. */
export interface SubjectPicture {
  readonly picture: Picture;
  readonly mask?: Mask;
}

/**
 * One edit with everything that can be known about it. A metric says which parts it needs; all pictures and masks but
 * the references have one size.
 */
export interface EditCase {
  /** What the editor made. */
  readonly edited: Picture;
  /** What it was made from. */
  readonly source?: Picture;
  /** What the edited picture should show, in words that CLIP knows: the class word alone where the concept's stands. */
  readonly caption?: string;
  /** The pictures that the concept was learned from. */
  readonly references?: readonly SubjectPicture[];
  /** Where the source's subject is: the true mask, or the best known. */
  readonly subjectMask?: Mask;
  /** Where the editor found the subject; what it may change can reach beyond. */
  readonly editorMask?: Mask;
  /** The right edit, where it is known. */
  readonly oracle?: Picture;
  /** Where the right edit's subject is; it may reach beyond the source's (a hat, longer ears). */
  readonly oracleMask?: Mask;
}

export type EditPart = keyof EditCase;

/** The parts that are there, in the eyes of the compiler too. */
export type EditWith<P extends EditPart> = EditCase & { readonly [K in P]-?: NonNullable<EditCase[K]> };

/** What messages call the parts. */
export const editParts: { readonly [P in EditPart]: string } = {
  edited: 'the edited picture',
  source: 'the source picture',
  caption: "the edited picture's caption",
  references: 'at least one reference picture',
  subjectMask: "the mask of the source's subject",
  editorMask: 'the mask that the editor used',
  oracle: 'the right edit (oracle)',
  oracleMask: "the mask of the right edit's subject",
};
