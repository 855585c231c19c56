import {
  add,
  concatenate,
  constant,
  divide,
  fromNested,
  matmul,
  reshape,
  ShapeError,
  sameShape,
  scope,
  slice,
  subtract,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import { enter, type ParameterSpec, parameter, parameterSpec, parametersOf } from '../nn/index.ts';
import { normalizedDifference, spatialMean } from './feature-distance.ts';
import { featureTower, featureTowerSpecs, featureTowers, type LpipsNetwork } from './feature-tower.ts';

export interface LpipsOutputs {
  /** The sum of the layers. [pictures] */
  readonly distance: Tensor;
  /** What each of the five features contributes, from fine to coarse; each [pictures]. */
  readonly layers: readonly Tensor[];
}

/**
 * Learned perceptual image patch similarity, version 0.1 (Zhang, Isola, Efros, Shechtman, Wang 2018, arXiv
 * 1801.03924, equation 1): Σ_l mean over pixels of w_l · (ŷ_l − ŷ0_l)², ŷ being features whose channels are scaled to
 * length 1. 0 is equal; the heads w have no negative weight, so nothing is below.
 *
 * Parameters: torchvision's `features.0.weight`, … and the heads' `lin0.model.1.weight`, … in one tree.
 * @param a [pictures, 3, height, width] in [−1, 1], sRGB
 * @param b of the same shape
 * @throws ShapeError for a parameter that is missing or misshapen, for pictures of two sizes or too small ones
 */
export const lpips = (parameters: Tree<Tensor>, network: LpipsNetwork, a: Tensor, b: Tensor): LpipsOutputs =>
  scope('lpips', () => {
    if (!sameShape(a.shape, b.shape)) {
      throw new ShapeError(`lpips: both pictures have one shape, got ${a} and ${b}`);
    }
    const pictures = a.shape[0]!;
    const features = featureTower(parameters, network, scaleInput(concatenate([a, b], 0)));
    const layers = features.map((feature, layer) => {
      const [first, second] = [
        slice(feature, { axis: 0, end: pictures }),
        slice(feature, { axis: 0, start: pictures }),
      ];
      return head(parameters, layer, spatialMean(normalizedDifference(first, second)));
    });
    return { distance: layers.reduce(add), layers };
  });

/** Every parameter with its shape; in all the files there are more, which are of no use here. */
export const lpipsParameterSpecs = (network: LpipsNetwork): Tree<ParameterSpec> => ({
  ...(featureTowerSpecs(network) as { readonly [name: string]: Tree<ParameterSpec> }),
  ...Object.fromEntries(
    featureTowers[network].taps.map(({ channels }, layer) => [
      `lin${layer}`,
      { model: { 1: { weight: parameterSpec([1, channels, 1, 1], { kind: 'uniform', bound: 0.01 }) } } },
    ]),
  ),
});

/** From [−1, 1] to the statistics of ImageNet, on which the towers were trained. */
export const scaleInput = (x: Tensor): Tensor =>
  divide(subtract(x, perChannel([-0.03, -0.088, -0.188])), perChannel([0.458, 0.448, 0.45]));

const perChannel = (values: readonly number[]) => reshape(constant(fromNested(values)), [1, 3, 1, 1]);

/** A 1x1 convolution, taken after the mean, which it commutes with. [pictures, channels] → [pictures] */
const head = (parameters: Tree<Tensor>, layer: number, differences: Tensor): Tensor =>
  enter(parametersOf(parameters), `lin${layer}.model.1`, (inner) => {
    const weight = parameter(inner, 'weight', [1, differences.shape[1]!, 1, 1]);
    return reshape(matmul(differences, reshape(weight, [-1, 1])), [-1]);
  });
