import { fromNested, type NestedNumbers } from '../../../../src/engine/arrays/index.ts';
import {
  type ConvolutionOptions,
  convolution,
  matmul,
  maxPool,
  type Primitive,
  softmax,
  transposedConvolution,
} from '../../../../src/engine/graph/index.ts';
import { type Case, type CaseInput, given, type KnownCase, random } from '../case.ts';

const numbers = (values: NestedNumbers) => given(fromNested(values));

const product = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Case => ({ name, inputs: [random(...a), random(...b)], build: (x, y) => matmul(x, y, options) });

const convolved = (
  name: string,
  x: readonly number[],
  weight: readonly number[],
  options: ConvolutionOptions = {},
): Case => ({
  name,
  inputs: [random(...x), random(...weight)],
  build: (input, kernel) => convolution(input, kernel, options),
});

const spread = (
  name: string,
  x: readonly number[],
  weight: readonly number[],
  options: Parameters<typeof transposedConvolution>[2] = {},
): Case => ({
  name,
  inputs: [random(...x), random(...weight)],
  build: (input, kernel) => transposedConvolution(input, kernel, options),
});

const pooled = (name: string, x: CaseInput, options: Parameters<typeof maxPool>[1]): Case => ({
  name,
  inputs: [x],
  build: (input) => maxPool(input, options),
});

const picture = numbers([
  [
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  ],
]);
const kernel = numbers([
  [
    [
      [1, -1],
      [2, 0.5],
    ],
  ],
]);

type Names = Extract<Primitive, 'matmul' | 'convolution' | 'transposedConvolution' | 'softmax' | 'maxPool'>;

export const products: { readonly [P in Names]: readonly [KnownCase, ...Case[]] } = {
  matmul: [
    {
      name: 'two matrices',
      inputs: [
        numbers([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        numbers([
          [1, 0],
          [-1, 2],
          [0.5, 1],
        ]),
      ],
      build: (a, b) => matmul(a, b),
      expected: [0.5, 7, 2, 16],
    },
    {
      name: 'known values, both transposed',
      inputs: [
        numbers([
          [1, 4],
          [2, 5],
          [3, 6],
        ]),
        numbers([
          [1, -1, 0.5],
          [0, 2, 1],
        ]),
      ],
      build: (a, b) => matmul(a, b, { transposeA: true, transposeB: true }),
      expected: [0.5, 7, 2, 16],
    },
    product('the first transposed', [3, 5], [3, 4], { transposeA: true }),
    product('the second transposed', [5, 3], [4, 3], { transposeB: true }),
    product('a row and a column', [1, 7], [7, 1]),
    product('a column and a row', [7, 1], [1, 5]),
    product('two stacks', [2, 3, 4], [2, 4, 5]),
    product('two stacks, the first transposed', [2, 4, 3], [2, 4, 5], { transposeA: true }),
    product('two stacks, the second transposed', [2, 3, 4], [2, 5, 4], { transposeB: true }),
    product('two stacks, both transposed', [2, 4, 3], [2, 5, 4], { transposeA: true, transposeB: true }),
    product('a stack and a matrix', [2, 3, 3, 4], [4, 5]),
    product('a stack and a transposed matrix', [2, 3, 4], [5, 4], { transposeB: true }),
    product('a transposed stack and a matrix', [2, 4, 3], [4, 5], { transposeA: true }),
    product('a transposed stack and a transposed matrix', [2, 4, 3], [5, 4], {
      transposeA: true,
      transposeB: true,
    }),
    product('a matrix and a stack', [3, 4], [2, 4, 5]),
    product('a matrix and a transposed stack', [3, 4], [2, 5, 4], { transposeB: true }),
    product('stacks that broadcast', [2, 1, 3, 4], [1, 3, 4, 5]),
    product('stacks that broadcast, both transposed', [2, 1, 4, 3], [3, 5, 4], {
      transposeA: true,
      transposeB: true,
    }),
    product('a batch of one', [1, 3, 4], [1, 4, 2], {}),
    product('no inner elements', [3, 0], [0, 2]),
    product('no inner elements, transposed', [0, 3], [2, 0], { transposeA: true, transposeB: true }),
    product('a stack without inner elements', [2, 3, 0], [0, 4]),
    product('no rows', [0, 4], [4, 2]),
    product('an empty stack, transposed', [0, 4, 3], [0, 4, 2], { transposeA: true }),
  ],

  convolution: [
    {
      name: 'known values',
      inputs: [picture, kernel],
      build: (x, weight) => convolution(x, weight),
      // 1·1 − 1·2 + 2·4 + 0.5·5 = 9.5, …
      expected: [9.5, 12, 17, 19.5],
    },
    {
      name: 'known values, padding on the top left and stride 2',
      inputs: [picture, kernel],
      build: (x, weight) => convolution(x, weight, { padding: [1, 1, 0, 0], strides: 2 }),
      expected: [0.5, 5.5, -0.5, 19.5],
    },
    convolved('a plain 3x3', [1, 3, 6, 5], [4, 3, 3, 3], { padding: 1 }),
    convolved('a batch of two', [2, 3, 5, 5], [2, 3, 3, 3]),
    convolved('1x1', [2, 4, 3, 3], [5, 4, 1, 1]),
    convolved('stride 2 on an odd size', [2, 2, 7, 7], [3, 2, 3, 3], { strides: 2, padding: 1 }),
    convolved('stride 2 on an even size, which leaves a row over', [1, 2, 8, 6], [3, 2, 3, 3], {
      strides: 2,
      padding: 1,
    }),
    convolved('stride 3, larger than the kernel', [1, 2, 8, 9], [3, 2, 2, 2], { strides: 3 }),
    convolved('unequal strides', [1, 2, 7, 8], [3, 2, 3, 2], { strides: [1, 3] }),
    convolved('padding at the bottom right only', [1, 2, 6, 6], [3, 2, 3, 3], {
      strides: 2,
      padding: [0, 0, 1, 1],
    }),
    convolved('padding of four widths', [2, 1, 5, 4], [2, 1, 3, 3], { padding: [0, 1, 2, 3] }),
    convolved('dilation', [1, 2, 9, 8], [3, 2, 3, 3], { dilations: 2, padding: 2 }),
    convolved('unequal dilations and strides', [1, 2, 9, 9], [2, 2, 2, 3], {
      dilations: [3, 2],
      strides: [2, 1],
    }),
    convolved('two groups', [2, 4, 5, 5], [6, 2, 3, 3], { groups: 2, padding: 1 }),
    convolved('a group a channel', [2, 3, 5, 4], [3, 1, 3, 3], { groups: 3, strides: 2, padding: 1 }),
    convolved('groups with dilation and a batch', [2, 4, 7, 7], [2, 2, 3, 3], {
      groups: 2,
      dilations: 2,
      padding: [2, 1, 0, 3],
      strides: 2,
    }),
    convolved('a kernel as large as the picture', [2, 3, 4, 4], [5, 3, 4, 4]),
    convolved('a kernel of one row', [1, 2, 4, 7], [3, 2, 1, 5], { padding: [0, 2, 0, 2] }),
    convolved('no batch', [0, 2, 4, 4], [3, 2, 3, 3]),
  ],

  transposedConvolution: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [
            [
              [1, 2],
              [3, 4],
            ],
          ],
        ]),
        kernel,
      ],
      build: (x, weight) => transposedConvolution(x, weight),
      expected: [1, 1, -2, 5, 5.5, -3, 6, 9.5, 2],
    },
    spread('a plain 3x3', [1, 3, 4, 5], [3, 2, 3, 3], { padding: 1 }),
    spread('a batch of two', [2, 3, 3, 3], [3, 2, 3, 3]),
    spread('stride 2', [1, 2, 3, 4], [2, 3, 4, 4], { strides: 2, padding: 1 }),
    spread('stride 2 with rows left over', [2, 2, 3, 4], [2, 3, 3, 3], {
      strides: 2,
      padding: 1,
      outputPadding: [1, 1],
    }),
    spread('rows left over, but no columns', [1, 2, 3, 3], [2, 1, 2, 2], {
      strides: 3,
      outputPadding: [2, 0],
    }),
    spread('padding of four widths', [1, 2, 5, 5], [2, 3, 3, 3], { padding: [0, 1, 2, 0] }),
    spread('dilation', [1, 2, 4, 4], [2, 2, 3, 3], { dilations: 2 }),
    spread('two groups', [2, 4, 3, 3], [4, 3, 3, 3], { groups: 2, strides: 2 }),
    spread('a group a channel', [1, 3, 3, 4], [3, 1, 3, 3], { groups: 3, padding: 1 }),
  ],

  softmax: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [1, 2, 3],
          [5, 5, 5],
        ]),
      ],
      build: softmax,
      expected: [0.09003057317038046, 0.24472847105479764, 0.6652409557748219, 1 / 3, 1 / 3, 1 / 3],
    },
    {
      name: 'large values do not overflow',
      inputs: [numbers([1000, 1000, -1000])],
      build: softmax,
      expected: [0.5, 0.5, 0],
    },
    { name: 'a stack', inputs: [random(2, 3, 5)], build: softmax },
    { name: 'rows of one', inputs: [random(3, 1)], build: softmax },
    { name: 'rows of none', inputs: [random(3, 0)], build: softmax },
    { name: 'no rows', inputs: [random(0, 3)], build: softmax },
  ],

  maxPool: [
    {
      name: 'known values',
      inputs: [picture],
      build: (x) => maxPool(x, { window: 2, strides: 1 }),
      expected: [5, 6, 8, 9],
    },
    {
      name: 'negative values and padding, which never wins',
      inputs: [
        numbers([
          [
            [
              [-1, -2],
              [-3, -4],
            ],
          ],
        ]),
      ],
      build: (x) => maxPool(x, { window: 2, padding: 1 }),
      expected: [-1, -2, -3, -4],
    },
    pooled("VGG's", random(2, 3, 6, 4), { window: 2 }),
    pooled("AlexNet's, with overlapping windows", random(1, 2, 9, 7), { window: 3, strides: 2 }),
    pooled('odd sizes leave a row over', random(2, 1, 5, 7), { window: 2 }),
    pooled("ResNet's, with padding", random(1, 2, 8, 7), { window: 3, strides: 2, padding: 1 }),
    pooled('windows apart from each other', random(1, 1, 8, 8), { window: 2, strides: 3 }),
    pooled('no batch', random(0, 2, 4, 4), { window: 2 }),
  ],
};
