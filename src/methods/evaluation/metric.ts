import type { EditCase, EditPart, EditWith } from './edit-case.ts';
import type { InstrumentName, InstrumentNetworks, Instruments } from './instruments.ts';

/**
 * A measure of one edit. What is general to all is data, so that tables and plots can label themselves; what it
 * computes is `measure`. A further one is a line in `metrics`.
 */
export interface Metric<P extends EditPart = EditPart, I extends InstrumentName = InstrumentName> {
  /** What a table's heading says. */
  readonly title: string;
  readonly direction: 'lower is better' | 'higher is better';
  readonly range: readonly [least: number, most: number];
  /** Sides of pictures that it can be measured on, in pixels. Default: any. */
  readonly leastSide?: number;
  /** The parts of the case that it looks at; the others may be absent. */
  readonly needs: readonly P[];
  /** The network that it looks with. */
  readonly instrument: I | 'none';
  /** @throws a sentence if pictures differ in size, or are too small for it */
  measure(edit: EditWith<P>, instruments: EquippedInstruments<I>): Promise<number>;
}

/** Instruments of which at least this one is there. */
export type EquippedInstruments<I extends InstrumentName> = Instruments & {
  readonly networks: InstrumentNetworks & Required<Pick<InstrumentNetworks, I>>;
};

/** Ties the parts that a metric names to those that its `measure` may use. */
export const metric = <const P extends EditPart, const I extends InstrumentName = never>(
  definition: Metric<P, I>,
): Metric => definition as unknown as Metric;

/** The parts that a case has: an empty list of references is none. */
export const hasPart = (edit: EditCase, part: EditPart): boolean =>
  part === 'references' ? (edit.references?.length ?? 0) > 0 : edit[part] !== undefined;
