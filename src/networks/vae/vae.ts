import {
  add,
  exp,
  maximum,
  minimum,
  multiply,
  recompute,
  ShapeError,
  scope,
  split,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import { convolutionLayer, parametersOf } from '../nn/index.ts';
import { decoder } from './decoder.ts';
import { encoder } from './encoder.ts';
import type { Part } from './mid-block.ts';
import { pixelsPerCell, type VaeConfig } from './vae-config.ts';

export interface VaeOptions {
  /**
   * What a gradient finds of the forward pass: everything, or the inputs of each resnet and attention, the rest
   * being computed again. Default: keep.
   */
  readonly activations?: 'keep' | 'recompute';
}

/** A normal distribution of latents, independent by element; both [batch, latent channels, height / 8, width / 8]. */
export interface LatentDistribution {
  readonly mean: Tensor;
  /** Natural logarithm of the variance, between −30 and 20. */
  readonly logVariance: Tensor;
}

/**
 * The latents of a picture (Kingma, Welling 2013, arXiv 1312.6114; Rombach et al. 2022, arXiv 2112.10752).
 * Parameters have diffusers' names. Nothing is scaled: the UNet's latents are these times `scalingFactor`.
 * @param image [batch, 3, height, width], from −1 to 1; a rest beyond whole multiples of 8 is lost
 * @throws ShapeError for a parameter that is missing or misshapen, or an image of other channels or too small
 */
export const vaeEncode = (
  tree: Tree<Tensor>,
  config: VaeConfig,
  image: Tensor,
  options: VaeOptions = {},
): LatentDistribution =>
  scope('vae', () => {
    checkInput('vaeEncode: an image', image, config.inputChannels, pixelsPerCell(config));
    const parameters = parametersOf(tree);
    const encoded = encoder(parameters, image, config, partOf(options));
    const moments = convolutionLayer(parameters, 'quant_conv', encoded);
    const [mean, logVariance] = split(moments, 2, 1) as [Tensor, Tensor];
    return { mean, logVariance: minimum(maximum(logVariance, -30), 20) };
  });

/** mean + e^(log variance / 2) · noise. noise: standard normal, as large as the mean */
export const sampleLatents = ({ mean, logVariance }: LatentDistribution, noise: Tensor): Tensor =>
  add(mean, multiply(exp(multiply(logVariance, 0.5)), noise));

/**
 * The picture of latents, about −1 to 1 and not clipped.
 * @param latents [batch, latent channels, height, width], not scaled: the UNet's divided by `scalingFactor`
 * @returns [batch, 3, 8 · height, 8 · width]
 * @throws ShapeError for a parameter that is missing or misshapen, or latents of other channels
 */
export const vaeDecode = (
  tree: Tree<Tensor>,
  config: VaeConfig,
  latents: Tensor,
  options: VaeOptions = {},
): Tensor =>
  scope('vae', () => {
    checkInput('vaeDecode: a latent', latents, config.latentChannels, 1);
    const parameters = parametersOf(tree);
    const h = convolutionLayer(parameters, 'post_quant_conv', latents);
    return decoder(parameters, h, config, partOf(options));
  });

const partOf = ({ activations = 'keep' }: VaeOptions): Part =>
  activations === 'recompute' ? recompute : (build) => build();

function checkInput(what: string, x: Tensor, channels: number, least: number): void {
  const [, found, ...size] = x.shape;
  if (x.rank === 4 && found === channels && size.every((side) => side >= least)) return;
  const sides = least === 1 ? '' : `, each side at least ${least}`;
  throw new ShapeError(`${what} is [batch, ${channels}, height, width]${sides}, got ${x}`);
}
