import { add, gradient, groupNorm, multiply, normal, randomKey, silu, sum } from '../../src/engine/index.ts';
import { type Measure, type Tensors, timeOnDevice } from '../measure.ts';

/** Group norm and silu, which only move data, beside an addition, which moves three arrays. */
export const normalizationSpeed: Measure = async function* ({ device }) {
  const shape = [2, 320, 64, 64];
  const bytes = 4 * shape.reduce((a, b) => a * b);
  const inputs = {
    x: normal(randomKey(1), shape),
    g: normal(randomKey(2), shape),
    weight: normal(randomKey(3), [320]),
    bias: normal(randomKey(4), [320]),
  };
  const rate = async (build: Parameters<typeof timeOnDevice>[1], transfers: number) => {
    const { median, smallest, largest } = await timeOnDevice(device, build, inputs, 15);
    const perSecond = (milliseconds: number) => (transfers * bytes) / milliseconds / 1e6;
    return {
      value: perSecond(median),
      unit: 'GB/s',
      spread: [perSecond(largest), perSecond(smallest)] as const,
    };
  };
  const addition = await rate(({ x, g }) => add(x!, g!), 3);
  yield { name: 'addition, 2 × 320 × 64 × 64, 3 transfers', ...addition };

  const forward = ({ x, weight, bias }: Tensors) => silu(groupNorm(x!, 32, { weight: weight!, bias: bias! }));
  const backward = (all: Tensors) =>
    gradient(sum(multiply(forward(all), all.g!)), { x: all.x!, weight: all.weight!, bias: all.bias! });
  for (const [pass, build, transfers] of [
    ['forward', forward, 2],
    ['gradients', backward, 3],
  ] as const) {
    const figure = await rate(build, transfers);
    const share = Math.round((100 * figure.value) / addition.value);
    yield {
      name: `group norm + silu, ${pass}, ${transfers} transfers`,
      ...figure,
      remark: `${share} % of the addition`,
    };
  }
};
