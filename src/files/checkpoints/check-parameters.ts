import {
  type DType,
  flatten,
  formatShape,
  isFloating,
  type Shape,
  sameShape,
  type Tree,
} from '../../engine/arrays/index.ts';
import { nearestName, type ParameterSpec } from '../../networks/nn/index.ts';
import { FormatError, quote } from '../formats/format-error.ts';
import type { LazyArray } from '../formats/lazy-array.ts';
import type { LazyArrays } from './named-arrays.ts';

/** What a network needs beside what a file has. */
export interface ParameterCheck {
  /** Every parameter that is there with its right shape, in floats. */
  readonly matched: LazyArrays;
  readonly missing: readonly string[];
  readonly misshapen: readonly Misshapen[];
  /** Whole numbers, which quantized weights are: without their scales they would be noise. */
  readonly mistyped: readonly Mistyped[];
  /** Tensors that the network has no place for. */
  readonly surplus: readonly string[];
}

export interface Misshapen {
  readonly name: string;
  readonly expected: Shape;
  readonly found: Shape;
}

export interface Mistyped {
  readonly name: string;
  readonly found: DType;
}

/** Compares names, shapes and types; nothing is read. */
export function checkParameters(specs: Tree<ParameterSpec>, arrays: LazyArrays): ParameterCheck {
  const expected = new Map(flatten<ParameterSpec>(specs));
  const matched = new Map<string, LazyArray>();
  const missing: string[] = [];
  const misshapen: Misshapen[] = [];
  const mistyped: Mistyped[] = [];
  for (const [name, { shape }] of expected) {
    const array = arrays.get(name);
    if (array === undefined) missing.push(name);
    else if (!sameShape(shape, array.shape)) {
      misshapen.push({ name, expected: shape, found: array.shape });
    } else if (isFloating(array.dtype)) matched.set(name, array);
    else mistyped.push({ name, found: array.dtype });
  }
  const surplus = [...arrays.keys()].filter((name) => !expected.has(name));
  return { matched, missing, misshapen, mistyped, surplus };
}

/**
 * The parameters, if all are there: a parameter that is missing would have to be random.
 * @param where what the message begins with: the network and its file
 * @throws FormatError that lists what is missing, misshapen, of no floats and surplus, with the nearest names there are
 */
export function requireParameters(where: string, check: ParameterCheck): LazyArrays {
  const { matched, missing, misshapen, mistyped, surplus } = check;
  if (missing.length + misshapen.length + mistyped.length === 0) return matched;
  const parts = [
    listed(missing.length, 'missing', missing, (name) => `${quote(name)}${nearest(name, surplus)}`),
    listed(
      misshapen.length,
      'misshapen',
      misshapen,
      ({ name, expected, found }) =>
        `${quote(name)} is ${formatShape(found)}, expected ${formatShape(expected)}`,
    ),
    listed(
      mistyped.length,
      'not of floats',
      mistyped,
      ({ name, found }) => `${quote(name)} is ${found} (quantized weights are not read)`,
    ),
    listed(surplus.length, 'not known', surplus, (name) => `${quote(name)}${nearest(name, missing)}`),
  ];
  throw new FormatError(
    `${where}: its tensors do not fit its configuration: ${parts.filter((part) => part !== '').join('; ')}; give the configuration that belongs to the weights`,
  );
}

/** A message names so many of each kind and counts the rest; a whole network would have a thousand lines. */
const MOST_LISTED = 8;

/** Suggestions compare every name with every other: beyond so many candidates none is made. */
const MOST_CANDIDATES = 2_000;

function listed<T>(count: number, what: string, items: readonly T[], show: (item: T) => string): string {
  if (count === 0) return '';
  const rest = count > MOST_LISTED ? `, and ${count - MOST_LISTED} more` : '';
  return `${count} ${what}: ${items.slice(0, MOST_LISTED).map(show).join(', ')}${rest}`;
}

function nearest(name: string, candidates: readonly string[]): string {
  const found = candidates.length > MOST_CANDIDATES ? undefined : nearestName(name, candidates);
  return found === undefined ? '' : ` (nearest: ${quote(found)})`;
}
