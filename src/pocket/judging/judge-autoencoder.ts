import { add, exp, multiply, spec, subtract, sum, type Tensor } from '../../engine/index.ts';
import { arrayFromPictures, type Picture, picturesFromArray } from '../../files/images/index.ts';
import { compileNetwork, type HeldModel, type Latents } from '../../methods/diffusion/index.ts';
import { mean } from '../../methods/evaluation/index.ts';
import { type LatentDistribution, vaeDecode, vaeEncode } from '../../networks/vae/index.ts';
import { batchesOf } from './batches.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import { type JudgingEvent, type JudgingOptions, judgedEvent } from './judging-event.ts';
import { type ReconstructionQuality, reconstructionQuality } from './reconstruction-quality.ts';

export interface AutoencoderQuality extends ReconstructionQuality {
  /**
   * Kullback-Leibler divergence of a cell's latents from the standard normal distribution, in bits: what a cell tells
   * of the picture, at most.
   */
  readonly bitsPerCell: number;
}

/** How well held-out scenes come back from the mean of their latents. */
export async function* judgeAutoencoder(
  model: AutoencoderHolder,
  { count = 500, signal }: JudgingOptions = {},
): AsyncGenerator<JudgingEvent, AutoencoderQuality> {
  const { reconstruct, dispose } = await compileReconstruction(model);
  try {
    const drawn: Picture[] = [];
    const decoded: Reconstruction[] = [];
    for (const batch of batchesOf(count, BATCH)) {
      signal?.throwIfAborted();
      const size = model.vae.config.sampleSize;
      const originals = await Promise.all(batch.map((index) => drawHeldOut(index, size)));
      const pictures = originals.map(({ picture }) => picture);
      drawn.push(...pictures);
      decoded.push(...(await reconstruct(pictures)));
      yield judgedEvent(drawn.length, count);
    }
    const pictures = decoded.map(({ picture }) => picture);
    const bitsPerCell = mean(decoded.map(({ bitsPerCell }) => bitsPerCell));
    return { ...reconstructionQuality(drawn, pictures), bitsPerCell };
  } finally {
    await dispose();
  }
}

export type AutoencoderHolder = Pick<HeldModel, 'device' | 'vae'>;

/** A picture as it comes back. */
export interface Reconstruction {
  readonly picture: Picture;
  readonly bitsPerCell: number;
}

/** Pictures at a time. */
const BATCH = 8;

/** A program that encodes pictures of the autoencoder's own size and decodes the mean of their latents. */
export async function compileReconstruction({ device, vae }: AutoencoderHolder): Promise<{
  readonly reconstruct: (pictures: readonly Picture[]) => Promise<Reconstruction[]>;
  readonly dispose: () => Promise<void>;
}> {
  const { config, parameters } = vae;
  const shape = [BATCH, config.inputChannels, config.sampleSize, config.sampleSize];
  const program = await compileNetwork(
    device,
    vae,
    (weights, { images }) => {
      const distribution = vaeEncode(weights, config, images);
      return {
        images: vaeDecode(weights, config, distribution.mean),
        bitsPerCell: bitsOf(distribution),
      };
    },
    { images: spec(shape) },
  );
  const reconstructBatch = async (pictures: readonly Picture[]): Promise<Reconstruction[]> => {
    // The last ones are filled up to a whole batch.
    const whole = Array.from({ length: BATCH }, (_, item) => pictures[Math.min(item, pictures.length - 1)]!);
    const { images, bitsPerCell } = await program.run({ images: arrayFromPictures(whole) }, parameters);
    return picturesFromArray(images as Latents, 'reconstruct')
      .slice(0, pictures.length)
      .map((picture, index) => ({ picture, bitsPerCell: bitsPerCell!.data[index] as number }));
  };
  return {
    reconstruct: async (pictures) => {
      const decoded: Reconstruction[] = [];
      for (const batch of batchesOf(pictures.length, BATCH)) {
        decoded.push(...(await reconstructBatch(batch.map((index) => pictures[index]!))));
      }
      return decoded;
    },
    dispose: () => program.dispose(),
  };
}

/** Of each picture: [batch]. */
function bitsOf({ mean: μ, logVariance }: LatentDistribution): Tensor {
  const surplus = subtract(add(multiply(μ, μ), exp(logVariance)), add(logVariance, 1));
  const cells = μ.shape[2]! * μ.shape[3]!;
  return multiply(sum(surplus, { axes: [1, 2, 3] }), 1 / (2 * cells * Math.LN2));
}
