import { concatenate, type NdArray, ndArray, spec } from '../../engine/index.ts';
import { pixelsPerCell, vaeEncode } from '../../networks/vae/index.ts';
import type { Latents } from './denoiser.ts';
import { compileNetwork, type HeldModel } from './held-model.ts';
import {
  type AutoencoderOptions,
  compileOptionsOf,
  runByPicture,
  stackPictures,
  tilingOf,
} from './run-by-picture.ts';
import { weightedSum } from './weighted-sum.ts';

/** A normal distribution of latents, float32 [count, 4, height / 8, width / 8] each, not scaled for the UNet. */
export interface EncodedImages {
  readonly mean: NdArray<'float32'>;
  readonly logVariance: NdArray<'float32'>;
}

export interface ImageEncoder {
  /** @param images float32 [count, 3, height, width] in −1 … 1, of the size that the encoder was made for */
  readonly encode: (images: NdArray<'float32'>, signal?: AbortSignal) => Promise<EncodedImages>;
  readonly dispose: () => Promise<void>;
}

/**
 * The autoencoder's way in, for any number of images of one size, which are encoded one after the other: large ones
 * in tiles, as `chooseTiling` says.
 * @param shape [count, 3, height, width] of images to come; the count does not matter
 */
export async function compileImageEncoder(
  { device, vae }: Pick<HeldModel, 'device' | 'vae'>,
  [, channels, height, width]: readonly number[],
  options: AutoencoderOptions = {},
): Promise<ImageEncoder> {
  const perCell = pixelsPerCell(vae.config);
  const whole = { height: Math.floor(height! / perCell), width: Math.floor(width! / perCell) };
  const tiling = tilingOf(vae.config, whole, options);
  const side = (pixels: number) => (tiling === undefined ? pixels : Math.min(pixels, tiling.tile * perCell));
  const cells = { height: side(height!) / perCell, width: side(width!) / perCell };
  const program = await compileNetwork(
    device,
    vae,
    (parameters, { images }) => {
      const { mean, logVariance } = vaeEncode(parameters, vae.config, images);
      return { moments: concatenate([mean, logVariance], 1) };
    },
    { images: spec([1, channels!, side(height!), side(width!)]) },
    compileOptionsOf(vae.config, cells),
  );
  const moments = async (images: NdArray<'float32'>) =>
    (await program.run({ images }, vae.parameters)).moments as NdArray<'float32'>;
  return {
    encode: async (images, signal) =>
      splitMoments(
        await runByPicture(images, vae.config, { direction: 'encode', tiling, run: moments, signal }),
      ),
    dispose: () => program.dispose(),
  };
}

/**
 * The latents that a picture is changed from: the mean of their distribution times the scaling factor.
 * @param image float32 [count, 3, height, width] from −1 to 1, of whole latent cells
 * @throws the signal's reason when it is aborted between two pictures or tiles
 */
export async function encodeImage(
  model: Pick<HeldModel, 'device' | 'vae'>,
  image: NdArray<'float32'>,
  signal?: AbortSignal,
): Promise<Latents> {
  signal?.throwIfAborted(); // before anything is compiled
  const { encode, dispose } = await compileImageEncoder(model, image.shape);
  try {
    const { mean } = await encode(image, signal);
    return weightedSum([model.vae.config.scalingFactor, mean]);
  } finally {
    await dispose(); // it would hold gigabytes while the latents are changed
  }
}

/** [count, 2 · channels, height, width] → its halves */
function splitMoments(moments: NdArray<'float32'>): EncodedImages {
  const [count, channels, height, width] = moments.shape as [number, number, number, number];
  const half = (channels / 2) * height * width;
  const part = (place: 0 | 1) =>
    stackPictures(
      Array.from({ length: count }, (_, picture) => {
        const start = (2 * picture + place) * half;
        return ndArray('float32', [1, channels / 2, height, width], moments.data.slice(start, start + half));
      }),
    );
  return { mean: part(0), logVariance: part(1) };
}
