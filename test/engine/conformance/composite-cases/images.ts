import { fromNested, ndArray } from '../../../../src/engine/arrays/index.ts';
import {
  type ConvolutionAttributes,
  cast,
  convolutionWeightGradient,
  dilate,
  maxPool,
  maxPoolGradient,
  resizeBilinear,
  resizeNearest,
  upsampleNearest,
} from '../../../../src/engine/graph/index.ts';
import { type Case, type CaseInput, given, random } from '../case.ts';

/** A picture of one channel. */
const picture = (...rows: number[][]): CaseInput => given(fromNested([[rows]]));

const small = picture([1, 4, -2], [3, 0.5, 7]);
const squares = picture(
  [0, 0.25, 1, 2.25],
  [4, 6.25, 9, 12.25],
  [16, 20.25, 25, 30.25],
  [36, 42.25, 49, 56.25],
);

/** A picture of whole numbers that is no variable: its maxima may be equal. */
const fixedPicture = (...rows: number[][]): CaseInput =>
  given(ndArray('int32', [1, 1, rows.length, rows[0]!.length], Int32Array.from(rows.flat())));

const counting = (rows: number, columns: number): CaseInput =>
  given(
    ndArray(
      'float32',
      [1, 1, rows, columns],
      Float32Array.from({ length: rows * columns }, (_, index) => index + 1),
    ),
  );

const pooledGradient = (
  name: string,
  x: CaseInput,
  cotangent: CaseInput,
  options: { readonly window: number; readonly strides: number; readonly padding: number },
  expected: readonly number[],
): Case => ({
  name,
  inputs: [x, cotangent],
  build: (whole, g) => {
    const floats = cast(whole, 'float32');
    const { window, strides, padding } = options;
    return maxPoolGradient(floats, maxPool(floats, options), g, {
      window: [window, window],
      strides: [strides, strides],
      padding: [padding, padding, padding, padding],
    });
  },
  expected,
});

const unit: ConvolutionAttributes = { strides: [1, 1], padding: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };

/** Σ over batch and positions of cotangent · what a kernel element sees. */
const kernelGradient = (
  name: string,
  [batch, channels, height, width]: readonly [number, number, number, number],
  outChannels: number,
  kernel: readonly [number, number],
  attributes: ConvolutionAttributes,
): Case => {
  const { strides, padding, dilations, groups } = attributes;
  const size = (extent: number, axis: 0 | 1) =>
    Math.floor(
      (extent + padding[axis] + padding[axis === 0 ? 2 : 3] - dilations[axis] * (kernel[axis] - 1) - 1) /
        strides[axis],
    ) + 1;
  const [rows, columns] = [size(height, 0), size(width, 1)];
  return {
    name,
    inputs: [random(batch, channels, height, width), random(batch, outChannels, rows, columns)],
    build: (x, g) => convolutionWeightGradient(x, g, kernel, attributes),
    reference: (x, g) => {
      const result: number[] = [];
      for (let out = 0; out < outChannels; out++) {
        for (let own = 0; own < channels / groups; own++) {
          const channel = Math.floor(out / (outChannels / groups)) * (channels / groups) + own;
          for (let i = 0; i < kernel[0]; i++) {
            for (let j = 0; j < kernel[1]; j++) {
              let total = 0;
              for (let at = 0; at < batch * rows * columns; at++) {
                const [b, r, c] = [
                  Math.floor(at / (rows * columns)),
                  Math.floor(at / columns) % rows,
                  at % columns,
                ];
                const y = r * strides[0] + i * dilations[0] - padding[0];
                const z = c * strides[1] + j * dilations[1] - padding[1];
                if (y < 0 || z < 0 || y >= height || z >= width) continue;
                const seen = x![((b * channels + channel) * height + y) * width + z]!;
                total += seen * g![((b * outChannels + out) * rows + r) * columns + c]!;
              }
              result.push(total);
            }
          }
        }
      }
      return result;
    },
  };
};

export const imageCases = {
  // Literals of this file: torch.nn.functional.interpolate, max_pool2d (backward) and torch.nn.grad, PyTorch 1.13.
  upsampleNearest: [
    {
      name: 'twice',
      inputs: [picture([1, 2])],
      build: (x) => upsampleNearest(x, 2),
      expected: [1, 1, 2, 2, 1, 1, 2, 2],
    },
    { name: 'thrice, a batch', inputs: [random(2, 3, 2, 5)], build: (x) => upsampleNearest(x, 3) },
    {
      name: 'as resizeNearest does',
      inputs: [random(1, 2, 2, 3)],
      build: (x) => upsampleNearest(x, 2),
      reference: (x) =>
        Array.from({ length: 2 * 4 * 6 }, (_, flat) => {
          const [channel, row, column] = [Math.floor(flat / 24), Math.floor(flat / 6) % 4, flat % 6];
          return x![(channel * 2 + Math.floor(row / 2)) * 3 + Math.floor(column / 2)]!;
        }),
    },
  ],
  resizeNearest: [
    {
      name: 'to more pixels',
      inputs: [small],
      build: (x) => resizeNearest(x, [3, 5]),
      expected: [1, 1, 4, 4, -2, 1, 1, 4, 4, -2, 3, 3, 0.5, 0.5, 7],
    },
    {
      name: 'to fewer pixels',
      inputs: [squares],
      build: (x) => resizeNearest(x, [3, 2]),
      expected: [0, 1, 4, 9, 16, 25],
    },
    { name: 'a batch', inputs: [random(2, 3, 4, 5)], build: (x) => resizeNearest(x, [7, 3]) },
  ],
  resizeBilinear: [
    {
      name: 'to more pixels',
      inputs: [small],
      build: (x) => resizeBilinear(x, [3, 5]),
      expected: [1, 2.2, 4, 0.4, -2, 2, 2.1, 2.25, 2.4, 2.5, 3, 2, 0.5, 4.4, 7],
    },
    {
      name: 'to fewer pixels',
      inputs: [squares],
      build: (x) => resizeBilinear(x, [3, 2]),
      expected: [0.9583333333333331, 3.125, 11.625, 19.125, 35.625, 48.45833333333333],
    },
    {
      name: 'more rows and fewer columns',
      inputs: [picture([3, 5])],
      build: (x) => resizeBilinear(x, [2, 1]),
      expected: [4, 4],
    },
    {
      name: 'to its own size',
      inputs: [small],
      build: (x) => resizeBilinear(x, [2, 3]),
      expected: [1, 4, -2, 3, 0.5, 7],
    },
    { name: 'a batch', inputs: [random(2, 3, 4, 5)], build: (x) => resizeBilinear(x, [7, 3]) },
  ],
  maxPoolGradient: [
    pooledGradient(
      'the first of equal maxima takes all',
      fixedPicture([1, 1, 0, 2], [1, 1, 2, 2], [0, 0, 0, 0], [0, 0, 0, 0]),
      counting(2, 2),
      { window: 2, strides: 2, padding: 0 },
      [1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0],
    ),
    pooledGradient(
      'zeros in a padded picture: the padding takes nothing',
      fixedPicture([0, 0, 0], [0, 0, 0], [0, 0, 0]),
      counting(2, 2),
      { window: 3, strides: 2, padding: 1 },
      [1, 2, 0, 3, 4, 0, 0, 0, 0],
    ),
    pooledGradient(
      'windows that overlap add up',
      fixedPicture([3, 3, 1], [3, 3, 1], [1, 1, 1]),
      counting(2, 2),
      { window: 2, strides: 1, padding: 0 },
      [1, 2, 0, 3, 4, 0, 0, 0, 0],
    ),
  ],
  dilate: [
    {
      name: 'two zeros between neighbours',
      inputs: [given(fromNested([1, 2, 3]))],
      build: (x) => dilate(x, 0, 3),
      expected: [1, 0, 0, 2, 0, 0, 3],
    },
    { name: 'the middle axis', inputs: [random(2, 3, 4)], build: (x) => dilate(x, 1, 2) },
    { name: 'one row', inputs: [random(1, 3)], build: (x) => dilate(x, 0, 4) },
  ],
  convolutionWeightGradient: [
    {
      name: 'stride 2 with padding',
      inputs: [picture([0, 2, 4, 1], [3, 0, 2, 4], [1, 3, 0, 2], [4, 1, 3, 0]), picture([1, -1], [2, 0.5])],
      build: (x, g) =>
        convolutionWeightGradient(x, g, [3, 3], { ...unit, strides: [2, 2], padding: [1, 1, 1, 1] }),
      expected: [0, 7, 2, -0.5, -2, 8, 0.5, 10.5, -2],
    },
    kernelGradient('a batch', [3, 2, 5, 4], 3, [3, 2], unit),
    kernelGradient('groups', [2, 4, 4, 4], 6, [3, 3], { ...unit, groups: 2, padding: [1, 1, 1, 1] }),
    kernelGradient('unequal everything', [2, 2, 9, 8], 4, [2, 3], {
      strides: [2, 3],
      padding: [0, 1, 2, 1],
      dilations: [3, 1],
      groups: 2,
    }),
    kernelGradient('rows that no window reaches', [1, 1, 6, 7], 2, [2, 2], { ...unit, strides: [3, 3] }),
  ],
} satisfies Readonly<Record<string, readonly Case[]>>;
