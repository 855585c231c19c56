import { fromNested, type NestedNumbers, ndArray } from '../../../../src/engine/arrays/index.ts';
import {
  contrastiveLoss,
  crossEntropy,
  gaussianDivergence,
  geglu,
  gelu,
  geluTanh,
  groupNorm,
  l2Normalize,
  layerNorm,
  linear,
  logSumExp,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  min,
  norm,
  oneHot,
  quickGelu,
  relu,
  silu,
  softplus,
  standardize,
  type Tensor,
  variance,
} from '../../../../src/engine/graph/index.ts';
import { type Case, given, indices, random } from '../case.ts';

const numbers = (values: NestedNumbers) => given(fromNested(values));
const classes = (...values: number[]) =>
  given(ndArray('int64', [values.length], BigInt64Array.from(values, BigInt)));

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const average = (values: readonly number[]) => total(values) / values.length;
const spread = (values: readonly number[]) => average(values.map((x) => (x - average(values)) ** 2));

const rows = (values: readonly number[], size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, row) => values.slice(row * size, (row + 1) * size));

const standardized = (values: readonly number[], epsilon: number) =>
  values.map((x) => (x - average(values)) / Math.sqrt(spread(values) + epsilon));

/** Known values (PyTorch 1.13 in float64), then a random stack and no elements. */
const activation = (build: (x: Tensor) => Tensor, expected: readonly number[]): readonly Case[] => [
  { name: 'known values', inputs: [numbers([-2, -0.5, 0.25, 1, 3])], build, expected },
  { name: 'a stack', inputs: [random(2, 3, 5)], build },
  { name: 'a scalar', inputs: [random()], build },
  { name: 'no elements', inputs: [random(0, 2)], build },
];

export const neuronCases = {
  relu: activation(relu, [0, 0, 0.25, 1, 3]),
  silu: activation(
    silu,
    [-0.2384058440442351, -0.1887703343990727, 0.14054412522144952, 0.7310585786300049, 2.8577223804672998],
  ),
  gelu: activation(
    gelu,
    [-0.04550026389635842, -0.15426876936299344, 0.14967658142073093, 0.841344746068543, 2.99595030590511],
  ),
  geluTanh: activation(
    geluTanh,
    [-0.04540230591222494, -0.15428599017485606, 0.149675350701685, 0.8411919906082768, 2.996362607918227],
  ),
  quickGelu: activation(
    quickGelu,
    [-0.06434137685579186, -0.1496115633936199, 0.1511996499001942, 0.8457957659328212, 2.981928690292214],
  ),
  softplus: [
    ...activation(
      softplus,
      [-2, -0.5, 0.25, 1, 3].map((x) => Math.log1p(Math.exp(x))),
    ),
    { name: 'does not overflow', inputs: [numbers([-100, 100])], build: softplus, expected: [0, 100] },
  ],

  linear: [
    {
      name: 'with a bias',
      inputs: [
        numbers([[1, 2]]),
        numbers([
          [3, 4],
          [5, 6],
          [-1, 1],
        ]),
        numbers([0.5, 0, -1]),
      ],
      build: (x, weight, bias) => linear(x, { weight, bias }),
      expected: [11.5, 17, 0],
    },
    { name: 'a stack', inputs: [random(2, 3, 4), random(5, 4)], build: (x, weight) => linear(x, { weight }) },
  ],
  geglu: [
    {
      name: 'known values',
      inputs: [numbers([[2, 3, 1, -2]])],
      build: geglu,
      expected: [2 * 0.841344746068543, 3 * -0.04550026389635842],
    },
    { name: 'a stack', inputs: [random(2, 3, 6)], build: geglu },
  ],

  mean: [
    { name: 'all', inputs: [random(2, 3)], build: (x) => mean(x), reference: (x) => [average(x!)] },
    {
      name: 'rows, kept',
      inputs: [random(4, 3)],
      build: (x) => mean(x, { axes: [-1], keepAxes: true }),
      reference: (x) => rows(x!, 3).map(average),
    },
  ],
  variance: [
    { name: 'all', inputs: [random(2, 3)], build: (x) => variance(x), reference: (x) => [spread(x!)] },
    {
      name: 'rows',
      inputs: [random(4, 3)],
      build: (x) => variance(x, { axes: [1] }),
      reference: (x) => rows(x!, 3).map(spread),
    },
    { name: 'of one', inputs: [random(1)], build: (x) => variance(x), expected: [0] },
  ],
  min: [
    { name: 'all', inputs: [random(2, 3)], build: (x) => min(x), reference: (x) => [Math.min(...x!)] },
    {
      name: 'rows',
      inputs: [random(4, 3)],
      build: (x) => min(x, { axes: [-1] }),
      reference: (x) => rows(x!, 3).map((row) => Math.min(...row)),
    },
  ],
  norm: [
    { name: 'all', inputs: [random(2, 3)], build: (x) => norm(x), reference: (x) => [Math.hypot(...x!)] },
    {
      name: 'rows, kept',
      inputs: [random(4, 3)],
      build: (x) => norm(x, { axes: [-1], keepAxes: true }),
      reference: (x) => rows(x!, 3).map((row) => Math.hypot(...row)),
    },
  ],
  logSumExp: [
    {
      name: 'rows',
      inputs: [random(4, 3)],
      build: logSumExp,
      reference: (x) => rows(x!, 3).map((row) => Math.log(total(row.map(Math.exp)))),
    },
    {
      name: 'of large values',
      inputs: [numbers([1000, 1000])],
      build: logSumExp,
      expected: [1000 + Math.LN2],
      gradient: 'central differences',
    },
    { name: 'a stack', inputs: [random(2, 1, 5)], build: logSumExp },
  ],

  standardize: [
    {
      name: 'rows',
      inputs: [random(4, 5)],
      build: (x) => standardize(x, 0.5),
      reference: (x) => rows(x!, 5).flatMap((row) => standardized(row, 0.5)),
    },
  ],
  layerNorm: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [1, 2, 4],
          [0, 0, 3],
        ]),
        numbers([1, 2, 0.5]),
        numbers([0, 1, -1]),
      ],
      build: (x, weight, bias) => layerNorm(x, { weight, bias }),
      expected: [
        -1.069041531450298, 0.46547923427485083, -0.3318490428435641, -0.7071050134262237,
        -0.41421002685244734, -0.29289498657377633,
      ],
    },
    {
      name: 'a stack and another epsilon',
      inputs: [random(2, 3, 7), random(7), random(7)],
      build: (x, weight, bias) => layerNorm(x, { weight, bias }, 0.1),
      reference: (x, weight, bias) =>
        rows(x!, 7).flatMap((row) =>
          standardized(row, 0.1).map((value, i) => value * weight![i]! + bias![i]!),
        ),
    },
  ],
  groupNorm: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [
            [0, 1 / 8],
            [0.5, 9 / 8],
            [2, 25 / 8],
            [4.5, 49 / 8],
          ],
        ]),
        numbers([1, 2, 0.5, -1]),
        numbers([0, 1, 2, 3]),
      ],
      build: (x, weight, bias) => groupNorm(x, 2, { weight, bias }),
      expected: [
        -0.9999738785745493, -0.7142670561246781, 1.2857068224498711, 4.142775046948583, 1.3719096238062258,
        1.7366072615961592, 2.6353023622100666, 1.5817314085947036,
      ],
    },
    {
      name: 'a batch of pictures',
      inputs: [random(2, 6, 3, 5), random(6), random(6)],
      build: (x, weight, bias) => groupNorm(x, 3, { weight, bias }, 1e-3),
      reference: (x, weight, bias) =>
        rows(x!, 30).flatMap((group, at) =>
          standardized(group, 1e-3).map((value, i) => {
            const channel = 2 * (at % 3) + Math.floor(i / 15);
            return value * weight![channel]! + bias![channel]!;
          }),
        ),
    },
    {
      name: 'one group of channels alone',
      inputs: [random(3, 4), random(4), random(4)],
      build: (x, weight, bias) => groupNorm(x, 1, { weight, bias }),
    },
    {
      name: 'no pictures',
      inputs: [random(0, 4, 2, 2), random(4), random(4)],
      build: (x, weight, bias) => groupNorm(x, 2, { weight, bias }),
    },
  ],
  l2Normalize: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [3, 4],
          [-5, 12],
        ]),
      ],
      build: (x) => l2Normalize(x),
      expected: [0.6, 0.8, -5 / 13, 12 / 13],
    },
    { name: 'a stack', inputs: [random(2, 3, 5)], build: (x) => l2Normalize(x) },
  ],

  oneHot: [
    {
      name: 'a list',
      inputs: [classes(2, 0)],
      build: (x) => oneHot(x, 3),
      expected: [0, 0, 1, 1, 0, 0],
    },
    { name: 'a matrix', inputs: [indices([2, 3], 4)], build: (x) => oneHot(x, 4) },
    { name: 'one', inputs: [indices([], 4)], build: (x) => oneHot(x, 4) },
  ],
  meanSquaredError: [
    {
      name: 'known values',
      inputs: [numbers([1, 2, 3]), numbers([0, 4, 3])],
      build: meanSquaredError,
      expected: [5 / 3],
    },
    { name: 'a target that broadcasts', inputs: [random(4, 3), random(3)], build: meanSquaredError },
  ],
  meanAbsoluteError: [
    {
      name: 'known values',
      inputs: [numbers([1, 2, 3]), numbers([0, 4, 3.5])],
      build: meanAbsoluteError,
      expected: [3.5 / 3],
    },
    { name: 'a stack', inputs: [random(2, 3), random(2, 3)], build: meanAbsoluteError },
  ],
  crossEntropy: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [1, 2, 0.5],
          [0, -1, 3],
        ]),
        classes(1, 0),
      ],
      build: crossEntropy,
      expected: [1.7651263439326872],
    },
    { name: 'a stack', inputs: [random(2, 3, 5), indices([2, 3], 5)], build: crossEntropy },
  ],
  contrastiveLoss: [
    {
      name: 'known values',
      inputs: [
        numbers([
          [2, 1, 0.5],
          [0, 3, -1],
          [1, 1, 1],
        ]),
      ],
      build: contrastiveLoss,
      expected: [0.4718287711402899],
    },
  ],
  gaussianDivergence: [
    {
      name: 'known values',
      inputs: [numbers([0.5, -1]), numbers([0.25, -0.5])],
      build: gaussianDivergence,
      expected: [0.25 * (0.25 + Math.exp(0.25) - 1.25 + 1 + Math.exp(-0.5) - 0.5)],
    },
    {
      name: 'a standard normal distribution',
      inputs: [numbers([0]), numbers([0])],
      build: gaussianDivergence,
      expected: [0],
    },
    { name: 'a stack', inputs: [random(2, 3), random(2, 3)], build: gaussianDivergence },
  ],
} satisfies Readonly<Record<string, readonly Case[]>>;
