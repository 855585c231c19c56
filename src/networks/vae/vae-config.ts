import type { ActivationName, GroupNormOptions } from '../nn/index.ts';

/** An AutoencoderKL, Stable Diffusion's way from pictures to latents and back. */
export interface VaeConfig {
  /** Of the picture that goes in: 3. */
  readonly inputChannels: number;
  /** Of the picture that comes out: 3. */
  readonly outputChannels: number;
  /** 4. */
  readonly latentChannels: number;
  /** One a resolution, the finest first: 128, 256, 512, 512. Each further one halves height and width. */
  readonly channels: readonly number[];
  /** Resnets a resolution in the encoder; the decoder has one more. */
  readonly layersPerBlock: number;
  readonly norm: GroupNormOptions;
  readonly activation: ActivationName;
  /** The UNet's latents are these times it, so that their variance is about 1: 0.18215. */
  readonly scalingFactor: number;
  /** Height and width of the pictures that it was trained with; tiles have this size. */
  readonly sampleSize: number;
  /** Whether its values leave float16's range, so that it is to be computed in float32 beside a half UNet. */
  readonly forceUpcast: boolean;
}

/** Pixels a latent cell, in each direction: 8. */
export const pixelsPerCell = ({ channels }: VaeConfig): number => 2 ** (channels.length - 1);
