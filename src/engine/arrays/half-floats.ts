/**
 * Conversions between float32 and the two 16-bit formats, with IEEE 754 rounding to nearest, ties to even.
 * Node 20 has no Float16Array, so 16-bit values travel as raw bits in a `Uint16Array`.
 */
const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

const float16Values = tabulateFloat16();

/** float16 bits → number; subnormals, infinities and NaN included. */
export const decodeFloat16 = (bits: number): number => float16Values[bits]!;

/** number → float16 bits. Beyond 65,504 (after rounding) the result is infinite. */
export function encodeFloat16(value: number): number {
  scratchFloat[0] = value;
  const bits = scratchBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65,536 and more
  if (magnitude < 0x38800000) {
    // Subnormal in float16: a multiple of 2^-24. The multiplication is exact, the rounding is done here.
    const scaled = Math.abs(scratchFloat[0]) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13); // a carry out of the mantissa moves on into the exponent
}

/** bfloat16 bits → number. */
export function decodeBfloat16(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchFloat[0]!;
}

/** number → bfloat16 bits. */
export function encodeBfloat16(value: number): number {
  scratchFloat[0] = value;
  const bits = scratchBits[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x0040; // NaN stays NaN
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export const decodeFloat16Array = (bits: Uint16Array): Float32Array => decodeEach(bits, decodeFloat16);
export const decodeBfloat16Array = (bits: Uint16Array): Float32Array => decodeEach(bits, decodeBfloat16);
export const encodeFloat16Array = (values: ArrayLike<number>): Uint16Array =>
  encodeEach(values, encodeFloat16);
export const encodeBfloat16Array = (values: ArrayLike<number>): Uint16Array =>
  encodeEach(values, encodeBfloat16);

/** `Float32Array.from` takes forty times as long: a minute and more for the weights of a model. */
function decodeEach(bits: Uint16Array, decode: (bits: number) => number): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = decode(bits[i]!);
  return values;
}

function encodeEach(values: ArrayLike<number>, encode: (value: number) => number): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = encode(values[i]!);
  return bits;
}

function tabulateFloat16(): Float32Array {
  const values = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    if (exponent === 0) values[bits] = sign * mantissa * 2 ** -24;
    else if (exponent === 31) values[bits] = mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else values[bits] = sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  }
  return values;
}
