import { describe, expect, it } from 'vitest';
import {
  decodeBfloat16,
  decodeBfloat16Array,
  decodeFloat16,
  decodeFloat16Array,
  encodeBfloat16,
  encodeBfloat16Array,
  encodeFloat16,
  encodeFloat16Array,
} from '../../../src/engine/arrays/index.ts';

const everyPattern = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

/** The patterns that do not survive a round trip, NaN apart: there any NaN will do. */
const changedBy = (decode: (bits: number) => number, encode: (value: number) => number): number[] =>
  [...everyPattern].filter((bits) => {
    const value = decode(bits);
    return Number.isNaN(value) ? !Number.isNaN(decode(encode(value))) : encode(value) !== bits;
  });

const rows = (table: readonly (readonly [what: string, value: number, bits: number])[]) => [...table];

describe('float16', () => {
  it('gives back each of the 65,536 bit patterns', () => {
    expect(changedBy(decodeFloat16, encodeFloat16)).toEqual([]);
  });

  it('has 2,046 patterns that are not numbers', () => {
    expect([...everyPattern].filter((bits) => Number.isNaN(decodeFloat16(bits)))).toHaveLength(2 * 1023);
  });

  it('rounds every value between two neighbours to the nearer, and a tie to the even one', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [decodeFloat16(bits), decodeFloat16(bits + 1)];
      const middle = (low + high) / 2; // exact in float32, as are the two beside it
      const step = (high - low) / 64;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const found = [middle - step, middle, middle + step].map(encodeFloat16);
      if (found[0] !== bits || found[1] !== even || found[2] !== bits + 1) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it.each(
    rows([
      ['zero', 0, 0x0000],
      ['minus zero', -0, 0x8000],
      ['one', 1, 0x3c00],
      ['minus two', -2, 0xc000],
      ['a third', 1 / 3, 0x3555],
      ['the largest', 65_504, 0x7bff],
      ['just under the tie with infinity', 65_519.996, 0x7bff],
      ['the tie with infinity', 65_520, 0x7c00],
      ['a million', 1e6, 0x7c00],
      ['minus infinity', Number.NEGATIVE_INFINITY, 0xfc00],
      ['the smallest normal', 2 ** -14, 0x0400],
      ['the largest subnormal', 2 ** -14 - 2 ** -24, 0x03ff],
      ['the tie between the largest subnormal and the smallest normal', 2 ** -14 - 2 ** -25, 0x0400],
      ['the smallest subnormal', 2 ** -24, 0x0001],
      ['half the smallest, a tie with zero', 2 ** -25, 0x0000],
      ['just over half the smallest', 2 ** -25 * (1 + 2 ** -23), 0x0001],
      ['one and a half of the smallest, a tie', 1.5 * 2 ** -24, 0x0002],
      ['a float32 subnormal', -1e-40, 0x8000],
    ]),
  )('%s, %f, becomes its bits', (_, value, bits) => {
    expect(encodeFloat16(value)).toBe(bits);
  });

  it('keeps a NaN a NaN, whatever its payload', () => {
    const payloads = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff).buffer);
    expect([...payloads].map((value) => decodeFloat16(encodeFloat16(value)))).toEqual([NaN, NaN, NaN]);
  });

  it('converts arrays as it converts numbers', () => {
    expect([...decodeFloat16Array(encodeFloat16Array([0.1, -3, 1e-7]))]).toEqual(
      [0.1, -3, 1e-7].map((value) => decodeFloat16(encodeFloat16(value))),
    );
  });
});

describe('bfloat16', () => {
  it('gives back each of the 65,536 bit patterns', () => {
    expect(changedBy(decodeBfloat16, encodeBfloat16)).toEqual([]);
  });

  it('rounds every value between two neighbours to the nearer, and a tie to the even one', () => {
    const wrong: number[] = [];
    const words = new Uint32Array(1);
    const floats = new Float32Array(words.buffer);
    const at = (bits: number) => {
      words[0] = bits;
      return encodeBfloat16(floats[0]!);
    };
    for (let bits = 0; bits < 0x7f80; bits++) {
      const even = bits % 2 === 0 ? bits : bits + 1;
      const found = [0x7fff, 0x8000, 0x8001].map((rest) => at(bits * 65_536 + rest));
      if (found[0] !== bits || found[1] !== even || found[2] !== bits + 1) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it.each(
    rows([
      ['one', 1, 0x3f80],
      ['minus zero', -0, 0x8000],
      ['pi', Math.PI, 0x4049],
      ['the largest float32', 3.4028234663852886e38, 0x7f80],
      ['minus the largest float32', -3.4028234663852886e38, 0xff80],
      ['infinity', Number.POSITIVE_INFINITY, 0x7f80],
      ['the smallest float32 subnormal', 2 ** -149, 0x0000],
    ]),
  )('%s, %f, becomes its bits', (_, value, bits) => {
    expect(encodeBfloat16(value)).toBe(bits);
  });

  it('keeps a NaN a NaN, even one whose upper half looks like infinity', () => {
    const payload = new Float32Array(Uint32Array.of(0x7f800001).buffer)[0]!;
    expect(decodeBfloat16(encodeBfloat16(payload))).toBeNaN();
  });

  it('converts arrays as it converts numbers', () => {
    expect([...decodeBfloat16Array(encodeBfloat16Array([0.1, -3, 1e-7]))]).toEqual(
      [0.1, -3, 1e-7].map((value) => decodeBfloat16(encodeBfloat16(value))),
    );
  });
});
