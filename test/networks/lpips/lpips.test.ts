import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  flatten,
  gradient,
  mapTree,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  type RandomKey,
  randomKey,
  type Shape,
  sum,
  type Tensor,
  type Tree,
  toNumbers,
  zeros,
} from '../../../src/engine/index.ts';
import {
  featureDistance,
  featureTowers,
  type LpipsNetwork,
  lpips,
  lpipsParameterSpecs,
} from '../../../src/networks/lpips/index.ts';
import { initializeParameters, type ParameterSpec } from '../../../src/networks/nn/index.ts';
import { read, runOnce } from '../../parity/model-folder.ts';
import { compute, sizeOfTree } from '../compute.ts';

/** Heads without negative weights, as the published ones are. */
const randomParameters = (network: LpipsNetwork): Tree<NdArray> =>
  mapTree<Tree<NdArray>, NdArray, NdArray>(
    initializeParameters(randomKey(1), lpipsParameterSpecs(network)),
    (array, path) =>
      path.startsWith('lin')
        ? ndArray('float32', array.shape, (array.data as Float32Array).map(Math.abs))
        : array,
  );

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

const distanceOf = async (
  parameters: Tree<NdArray>,
  network: LpipsNetwork,
  a: NdArray,
  b: NdArray,
): Promise<number> => {
  const outputs = await runOnce(
    device,
    ({ parameters, a, b }) => ({ distance: lpips(parameters, network, a, b).distance }),
    { parameters, a, b },
  );
  return toNumbers(read(outputs, 'distance'))[0]!;
};

const picture = (key: RandomKey, side: number): NdArray => normal(key, [1, 3, side, side]);

describe('lpips', () => {
  it('is 0 for equal pictures, symmetric, and positive for others', async () => {
    const parameters = randomParameters('alex');
    const side = featureTowers.alex.smallestSide;
    const [a, b] = [picture(randomKey(2), side), picture(randomKey(3), side)];
    expect(await distanceOf(parameters, 'alex', a, a)).toBe(0);
    const distance = await distanceOf(parameters, 'alex', a, b);
    expect(distance).toBeGreaterThan(1e-6);
    expect(await distanceOf(parameters, 'alex', b, a)).toBeCloseTo(distance, 6);
  });

  it.each([
    ['alex', 2_469_696 + 1_152],
    ['vgg', 14_714_688 + 1_472],
  ] as const)(
    "has the parameters of torchvision's %s, under their names, and five heads",
    (network, count) => {
      const specs = lpipsParameterSpecs(network);
      expect(sizeOfTree(specs)).toBe(count);
      const names = flatten<ParameterSpec>(specs).map(([name]) => name);
      expect(names).toContain('features.10.weight');
      expect(names.filter((name) => name.startsWith('lin'))).toEqual(
        [0, 1, 2, 3, 4].map((layer) => `lin${layer}.model.1.weight`),
      );
    },
  );

  it.each([
    ['alex', 30, 'pictures for alex are [pictures, 3, height, width], each side at least 31'],
    ['vgg', 15, 'pictures for vgg are [pictures, 3, height, width], each side at least 16'],
  ] as const)('refuses pictures that are too small for %s', async (network, side, message) => {
    const small = picture(randomKey(2), side);
    await expect(distanceOf({}, network, small, small)).rejects.toThrow(message);
  });

  it('refuses pictures of two sizes', async () => {
    const [a, b] = [picture(randomKey(2), 32), picture(randomKey(2), 33)];
    await expect(distanceOf({}, 'alex', a, b)).rejects.toThrow('lpips: both pictures have one shape');
  });

  it('names a parameter that is missing', async () => {
    const { lin3: _, ...others } = randomParameters('alex') as Record<string, Tree<NdArray>>;
    const a = picture(randomKey(2), 31);
    await expect(distanceOf(others, 'alex', a, a)).rejects.toThrow('"lin3.model.1.weight" is missing');
  });
});

describe('featureDistance', () => {
  const distance = (a: readonly number[], b: readonly number[], shape: Shape): number[] => {
    const array = (values: readonly number[]) => ndArray('float32', shape, Float32Array.from(values));
    const [result] = compute(
      (inputs) => {
        const { a, b } = inputs as { a: Tensor; b: Tensor };
        return [featureDistance(a, b)];
      },
      { a: array(a), b: array(b) },
    );
    return [...toNumbers(result!)];
  };

  it.each([
    ['does not look at length', [1, 1], [5, 5], [1, 2, 1, 1], 0],
    ['is 2 for features at right angles', [1, 0], [0, 7], [1, 2, 1, 1], 2],
    ['is 4 for opposite ones', [1, 0], [-3, 0], [1, 2, 1, 1], 4],
    ['is the mean over pixels', [1, 1, 0, 0], [1, 0, 0, 1], [1, 2, 1, 2], 1],
  ] as const)('%s', (_, a, b, shape, expected) => {
    expect(distance(a, b, shape)[0]).toBeCloseTo(expected, 6);
  });

  it('has a gradient where there is no feature at all', () => {
    const [result] = compute(
      (inputs) => {
        const { a, b } = inputs as { a: Tensor; b: Tensor };
        return [gradient(sum(featureDistance(a, b)), a)];
      },
      { a: zeros([1, 2, 1, 1]), b: normal(randomKey(1), [1, 2, 1, 1]) },
    );
    expect([...toNumbers(result!)].every(Number.isFinite)).toBe(true);
  });
});
