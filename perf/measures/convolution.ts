import {
  convolution,
  gradient,
  matmul,
  multiply,
  type NdArray,
  normal,
  randomKey,
  sum,
} from '../../src/engine/index.ts';
import { type Measure, measureSpeed, type Tensors } from '../measure.ts';

/** Channels and side of the three resolutions of Stable Diffusion's UNet. */
const sizes = [
  [320, 64],
  [640, 32],
  [1280, 16],
] as const;

/** 3x3 convolutions and linear layers of the UNet, forward and backward. */
export const convolutionSpeed: Measure = async function* (context) {
  for (const [channels, side] of sizes) {
    const convolve = ({ x, weight }: Tensors) => convolution(x!, weight!, { padding: 1 });
    const image = [1, channels, side, side];
    const operations = 2 * channels * channels * 9 * side * side;
    yield* passes(`3x3 convolution, ${channels} channels, ${side}x${side}`, convolve, operations, {
      x: normal(randomKey(1), image),
      weight: normal(randomKey(2), [channels, channels, 3, 3]),
      g: normal(randomKey(3), image),
    });
    const linear = ({ x, weight }: Tensors) => matmul(x!, weight!, { transposeB: true });
    const tokens = side * side;
    yield* passes(
      `linear layer, ${channels} to ${4 * channels}, ${tokens} tokens`,
      linear,
      8 * tokens * channels ** 2,
      {
        x: normal(randomKey(1), [tokens, channels]),
        weight: normal(randomKey(2), [4 * channels, channels]),
        g: normal(randomKey(3), [tokens, 4 * channels]),
      },
    );
  }

  async function* passes(
    name: string,
    forward: (inputs: Tensors) => ReturnType<typeof matmul>,
    operations: number,
    inputs: Readonly<Record<string, NdArray>>,
  ) {
    const backward = (to: 'x' | 'weight') => (all: Tensors) =>
      gradient(sum(multiply(forward(all), all.g!)), all[to]!);
    const builds = { forward, 'input gradient': backward('x'), 'weight gradient': backward('weight') };
    for (const [pass, build] of Object.entries(builds)) {
      yield measureSpeed(context, `${name}, ${pass}`, operations, build, inputs);
    }
  }
};
