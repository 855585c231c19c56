import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNumbers } from '../../../src/engine/arrays/index.ts';
import { type Device, openDevice } from '../../../src/engine/runtime/index.ts';
import type { Case } from './case.ts';
import { computeCases, isWrong, largest, type Outcome, relativeError } from './conformance.ts';

/**
 * Checks every case of a table: the reference against known results, the device against the reference, the
 * gradient against central differences, and the gradient on the device against the reference. Values in float64
 * are held to 1e-12 of the largest, in float32 to 1e-5, gradients in float32 to 1e-4.
 */
export function describeConformance(
  table: Readonly<Record<string, readonly Case[]>>,
  { referenceTolerance = 1e-12 }: { readonly referenceTolerance?: number } = {},
): void {
  let device: Device;
  let outcomes: ReadonlyMap<string, Outcome>;
  const rows = Object.entries(table).flatMap(([operation, cases]) =>
    cases.map((row) => [operation, `${operation}: ${row.name}`, row] as const),
  );
  const outcomeOf = (name: string): Outcome => outcomes.get(name)!;

  beforeAll(async () => {
    device = await openDevice('cpu');
    outcomes = await computeCases(device, new Map(rows.map(([, name, row]) => [name, row])));
  }, 60_000);
  afterAll(() => device.close());

  it('gives every case a name of its own', () => {
    expect(new Set(rows.map(([, name]) => name)).size).toBe(rows.length);
  });

  describe.each(Object.keys(table))('%s', (operation) => {
    for (const [, name, row] of rows.filter(([of]) => of === operation)) {
      it(`${row.name}: has the inferred shape and dtype`, () => {
        const { result, reference, produced } = outcomeOf(name);
        expect({ shape: produced.value.shape, dtype: produced.value.dtype }).toEqual({
          shape: result.shape,
          dtype: result.dtype,
        });
        expect(reference.value.shape).toEqual(result.shape);
      });

      it(`${row.name}: has the right value`, () => {
        const { reference, produced, arrays } = outcomeOf(name);
        const value = toNumbers(reference.value);
        if (row.expected !== undefined)
          expect(relativeError(value, row.expected)).toBeLessThan(referenceTolerance);
        if (row.reference !== undefined) {
          const expected = row.reference(...arrays.map((array) => [...toNumbers(array)]));
          expect(relativeError(value, expected)).toBeLessThan(referenceTolerance);
        }
        expect(relativeError(toNumbers(produced.value), value)).toBeLessThan(1e-5);
      });

      it(`${row.name}: has the right gradient`, () => {
        const outcome = outcomeOf(name);
        const { reference, produced, slopes } = outcome;
        if (row.gradient === 'zero' || row.gradient === 'one') expectFixedGradient(row.gradient, outcome);
        else expect(slopes.filter(isWrong)).toEqual([]);
        expect(produced.gradients.length).toBe(reference.gradients.length);
        // A gradient may be small because large terms cancel: the largest of the case sets the scale.
        const scale = Math.max(...reference.gradients.map((array) => largest(toNumbers(array))));
        reference.gradients.forEach((gradient, index) => {
          const found = produced.gradients[index]!;
          expect(found.shape).toEqual(gradient.shape);
          expect(relativeError(toNumbers(found), toNumbers(gradient), scale)).toBeLessThan(1e-4);
        });
      });
    }
  });
}

/** Operations that define another gradient than their function has. A cotangent may pass through float16. */
function expectFixedGradient(gradient: 'zero' | 'one', { reference, weights }: Outcome): void {
  const expected = [...toNumbers(weights)].map((weight) => (gradient === 'zero' ? 0 : weight));
  expect(relativeError(toNumbers(reference.gradients[0]!), expected)).toBeLessThan(2 ** -11);
}
