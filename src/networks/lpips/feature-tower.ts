import { maxPool, relu, ShapeError, scope, type Tensor, type Tree } from '../../engine/index.ts';
import { convolutionLayer, convolutionSpecs, type ParameterSpec, parametersOf } from '../nn/index.ts';

/** The networks whose features LPIPS compares: AlexNet and VGG16, by the names that the reference gives them. */
export type LpipsNetwork = 'alex' | 'vgg';

/** Torchvision numbers convolutions, activations and pools alike; the number is a convolution's name. */
type Layer =
  | {
      readonly kind: 'convolution';
      readonly index: number;
      readonly inputs: number;
      readonly outputs: number;
      readonly kernel: number;
      readonly stride: number;
      readonly padding: number;
    }
  | { readonly kind: 'pool'; readonly window: number };

interface FeatureTower {
  /** Each convolution is followed by a ReLU; pools have stride 2. */
  readonly layers: readonly Layer[];
  /** The convolutions after whose ReLU features are taken, and how many channels there are. */
  readonly taps: readonly { readonly index: number; readonly channels: number }[];
  /** Pixels; below it a pool has nothing to look at. */
  readonly smallestSide: number;
}

const convolution = (
  index: number,
  [inputs, outputs]: readonly [number, number],
  kernel: number,
  stride = 1,
): Layer => ({
  kind: 'convolution',
  index,
  inputs,
  outputs,
  kernel,
  stride,
  padding: stride === 4 ? 2 : (kernel - 1) / 2,
});

const pool = (window: number): Layer => ({ kind: 'pool', window });

/** The convolutional part of torchvision's networks up to the last tap. */
export const featureTowers: { readonly [N in LpipsNetwork]: FeatureTower } = {
  /** Krizhevsky 2014, arXiv 1404.5997. */
  alex: {
    layers: [
      convolution(0, [3, 64], 11, 4),
      pool(3),
      convolution(3, [64, 192], 5),
      pool(3),
      convolution(6, [192, 384], 3),
      convolution(8, [384, 256], 3),
      convolution(10, [256, 256], 3),
    ],
    taps: [
      { index: 0, channels: 64 },
      { index: 3, channels: 192 },
      { index: 6, channels: 384 },
      { index: 8, channels: 256 },
      { index: 10, channels: 256 },
    ],
    smallestSide: 31,
  },
  /** Simonyan, Zisserman 2014, arXiv 1409.1556, configuration D. */
  vgg: {
    layers: [
      ...[convolution(0, [3, 64], 3), convolution(2, [64, 64], 3), pool(2)],
      ...[convolution(5, [64, 128], 3), convolution(7, [128, 128], 3), pool(2)],
      ...[convolution(10, [128, 256], 3), convolution(12, [256, 256], 3), convolution(14, [256, 256], 3)],
      pool(2),
      ...[convolution(17, [256, 512], 3), convolution(19, [512, 512], 3), convolution(21, [512, 512], 3)],
      pool(2),
      ...[convolution(24, [512, 512], 3), convolution(26, [512, 512], 3), convolution(28, [512, 512], 3)],
    ],
    taps: [
      { index: 2, channels: 64 },
      { index: 7, channels: 128 },
      { index: 14, channels: 256 },
      { index: 21, channels: 512 },
      { index: 28, channels: 512 },
    ],
    smallestSide: 16,
  },
};

/**
 * The five features of a picture, each after a ReLU, from fine to coarse. Parameters have the names of torchvision's
 * state dictionaries, `features.0.weight`; their classifiers are not needed.
 * @param x [pictures, 3, height, width], scaled as the network was trained
 * @returns [pictures, channels, rows, columns] each
 * @throws ShapeError for a parameter that is missing or misshapen, or pictures that are too small
 */
export const featureTower = (parameters: Tree<Tensor>, network: LpipsNetwork, x: Tensor): Tensor[] =>
  scope(network, () => {
    const { layers, taps, smallestSide } = featureTowers[network];
    const [, channels, height = 0, width = 0] = x.shape;
    if (x.rank !== 4 || channels !== 3 || Math.min(height, width) < smallestSide) {
      throw new ShapeError(
        `featureTower: pictures for ${network} are [pictures, 3, height, width], each side at least ${smallestSide}, got ${x}`,
      );
    }
    const features: Tensor[] = [];
    let h = x;
    for (const layer of layers) {
      if (layer.kind === 'pool') {
        h = maxPool(h, { window: layer.window, strides: 2 });
        continue;
      }
      const { index, stride: strides, padding } = layer;
      h = relu(convolutionLayer(parametersOf(parameters), `features.${index}`, h, { strides, padding }));
      if (taps.some((tap) => tap.index === index)) features.push(h);
    }
    return features;
  });

/** The parameters of the convolutions, by torchvision's names. */
export const featureTowerSpecs = (network: LpipsNetwork): Tree<ParameterSpec> => ({
  features: Object.fromEntries(
    featureTowers[network].layers.flatMap((layer) =>
      layer.kind === 'pool'
        ? []
        : [[`${layer.index}`, convolutionSpecs(layer.inputs, layer.outputs, layer.kernel)]],
    ),
  ),
});
