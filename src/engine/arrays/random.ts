import { type NdArray, ndArray } from './nd-array.ts';
import { type Shape, sizeOf } from './shape.ts';

/**
 * Random numbers from Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: Parallel Random
 * Numbers: As Easy as 1, 2, 3, SC 2011). Nothing has a hidden state: a key is a value, the same key gives the
 * same numbers, and independent keys come from `fold`. Only exactly rounded operations (+ − × ÷ √) are used, so
 * the same key gives the same bits on every machine.
 */
export interface RandomKey {
  readonly words: readonly [number, number];
}

/** A key from a seed: any whole number from 0 to 2^53 − 1. */
export function randomKey(seed: number): RandomKey {
  if (!isSeed(seed)) {
    throw new Error(`randomKey: a seed is a whole number from 0 to 2^53 − 1, got ${seed}`);
  }
  return { words: [seed >>> 0, Math.floor(seed / 2 ** 32)] };
}

const isSeed = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** A key independent of this one and of its other folds: `fold(key, step)`, `fold(key, 'noise')`. */
export function fold(key: RandomKey, label: number | string): RandomKey {
  if (typeof label === 'number' && !isSeed(label)) {
    throw new Error(`fold: a label is a text or a whole number from 0 to 2^53 − 1, got ${label}`);
  }
  const [low, high] = typeof label === 'number' ? randomKey(label).words : hash(label);
  const block = new Uint32Array(4);
  philox(key, low, high, typeof label === 'number' ? 1 : 2, 0xf01d, block);
  return { words: [block[0]!, block[1]!] };
}

/** Uniform in [low, high), float32 with 24 random bits. Defaults: 0 and 1. */
export function uniform(key: RandomKey, shape: Shape, low = 0, high = 1): NdArray<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  drawWords(key, data.length, (index, word) => {
    data[index] = low + (high - low) * ((word >>> 8) * 2 ** -24);
  });
  // Rounding to float32 may reach `high`, which is not in the range; `low` is.
  for (let i = 0; i < data.length; i++) if (data[i]! >= high && high > low) data[i] = low;
  return ndArray('float32', shape, data);
}

/** Standard normal, float32: the inverse distribution function of 32-bit uniforms (largest magnitude 6.3). */
export function normal(key: RandomKey, shape: Shape): NdArray<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  drawWords(key, data.length, (index, word) => {
    data[index] = inverseNormal((word + 0.5) * 2 ** -32);
  });
  return ndArray('float32', shape, data);
}

/** Whole numbers, uniform in low … high − 1. The bias is under (high − low) / 2^53. */
export function integers(key: RandomKey, shape: Shape, low: number, high: number): NdArray<'int32'> {
  if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high) && low < high)) {
    throw new Error(`integers: expected whole numbers low < high, got ${low} and ${high}`);
  }
  const data = new Int32Array(sizeOf(shape));
  let first = 0;
  drawWords(key, 2 * data.length, (index, word) => {
    if (index % 2 === 0) first = word;
    else data[index >> 1] = low + Math.floor(((first * 2 ** 21 + (word >>> 11)) / 2 ** 53) * (high - low));
  });
  return ndArray('int32', shape, data);
}

/** 0 … length − 1 in random order (Fisher–Yates). */
export function permutation(key: RandomKey, length: number): number[] {
  const order = Array.from({ length }, (_, index) => index);
  const draws = uniform(key, [length]).data;
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(draws[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function drawWords(key: RandomKey, count: number, receive: (index: number, word: number) => void): void {
  const block = new Uint32Array(4);
  for (let index = 0; index < count; index++) {
    const lane = index & 3;
    if (lane === 0) philox(key, (index / 4) >>> 0, 0, 0, 0, block);
    receive(index, block[lane]!);
  }
}

/** Ten rounds on the counter (c0, c1, c2, c3); the four result words are written to `out`. */
export function philox(
  key: RandomKey,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  out: Uint32Array,
): void {
  let [k0, k1] = key.words;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // < 2^32
  const carry = aLow * bHigh + (middle & 0xffff); // < 2^32
  return (aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(carry / 65_536)) >>> 0;
}

/** FNV-1a with two offsets: a name to 64 bits. */
function hash(text: string): [number, number] {
  let first = 0x811c9dc5;
  let second = 0x1b873593;
  for (const byte of new TextEncoder().encode(text)) {
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x01000193);
  }
  return [first >>> 0, second >>> 0];
}

/**
 * Quantile of the standard normal distribution at 0 < p < 1, relative error about 1e-15
 * (Wichura: Algorithm AS 241, PPND16, Applied Statistics 37, 1988).
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(centralNumerator, r)) / polynomial(centralDenominator, r);
  }
  const tail = Math.sqrt(-naturalLogarithm(q < 0 ? p : 1 - p));
  const magnitude =
    tail <= 5
      ? polynomial(middleNumerator, tail - 1.6) / polynomial(middleDenominator, tail - 1.6)
      : polynomial(farNumerator, tail - 5) / polynomial(farDenominator, tail - 5);
  return q < 0 ? -magnitude : magnitude;
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** ln x by its area-tangent series: Math.log may differ in the last bit from one engine to the next. */
function naturalLogarithm(x: number): number {
  let exponent = 0;
  while (x < Math.SQRT1_2) {
    x *= 2;
    exponent--;
  }
  const y = (x - 1) / (x + 1); // |y| < 0.18
  const squared = y * y;
  let sum = 0;
  for (let n = 25; n >= 1; n -= 2) sum = sum * squared + 1 / n;
  return 2 * y * sum + exponent * Math.LN2;
}

const centralNumerator = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const centralDenominator = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852546,
];
const middleNumerator = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const middleDenominator = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const farNumerator = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
];
const farDenominator = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
];
