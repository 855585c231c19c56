import { spec } from '../../engine/index.ts';
import { arrayFromPictures, type Picture, picturesFromArray } from '../../files/images/index.ts';
import { compileNetwork, type HeldModel, type Latents } from '../../methods/diffusion/index.ts';
import { comparePixels, peakSignalToNoise, structuralSimilarity } from '../../methods/evaluation/index.ts';
import { vaeDecode, vaeEncode } from '../../networks/vae/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import { batchesOf, type JudgingEvent, type JudgingOptions, judged, meanOf } from './judging-event.ts';

/** Means over pictures. */
export interface AutoencoderQuality {
  readonly count: number;
  /** Decibels. */
  readonly psnr: number;
  readonly ssim: number;
}

/** How well held-out scenes come back from the mean of their latents. */
export async function* judgeAutoencoder(
  model: AutoencoderHolder,
  { count = 500, signal }: JudgingOptions = {},
): AsyncGenerator<JudgingEvent, AutoencoderQuality> {
  const { reconstruct, dispose } = await compileReconstruction(model);
  try {
    const psnrs: number[] = [];
    const ssims: number[] = [];
    for (const batch of batchesOf(count, BATCH)) {
      signal?.throwIfAborted();
      const size = model.vae.config.sampleSize;
      const originals = await Promise.all(batch.map((index) => drawHeldOut(index, size)));
      const decoded = await reconstruct(originals.map(({ picture }) => picture));
      for (const [item, { picture }] of originals.entries()) {
        psnrs.push(peakSignalToNoise(comparePixels(picture, decoded[item]!)));
        ssims.push(structuralSimilarity(picture, decoded[item]!));
      }
      yield judged(psnrs.length, count);
    }
    return { count, psnr: meanOf(psnrs), ssim: meanOf(ssims) };
  } finally {
    await dispose();
  }
}

export type AutoencoderHolder = Pick<HeldModel, 'device' | 'vae'>;

/** Pictures at a time. */
const BATCH = 8;

/** A program that encodes pictures of the autoencoder's own size and decodes the mean of their latents. */
export async function compileReconstruction({ device, vae }: AutoencoderHolder): Promise<{
  readonly reconstruct: (pictures: readonly Picture[]) => Promise<Picture[]>;
  readonly dispose: () => Promise<void>;
}> {
  const { config, parameters } = vae;
  const shape = [BATCH, config.inputChannels, config.sampleSize, config.sampleSize];
  const program = await compileNetwork(
    device,
    vae,
    (weights, { images }) => ({
      images: vaeDecode(weights, config, vaeEncode(weights, config, images).mean),
    }),
    { images: spec(shape) },
  );
  const reconstructBatch = async (pictures: readonly Picture[]): Promise<Picture[]> => {
    // The last ones are filled up to a whole batch.
    const whole = Array.from({ length: BATCH }, (_, item) => pictures[Math.min(item, pictures.length - 1)]!);
    const { images } = await program.run({ images: arrayFromPictures(whole) }, parameters);
    return picturesFromArray(images as Latents, 'reconstruct').slice(0, pictures.length);
  };
  return {
    reconstruct: async (pictures) => {
      const decoded: Picture[] = [];
      for (const batch of batchesOf(pictures.length, BATCH)) {
        decoded.push(...(await reconstructBatch(batch.map((index) => pictures[index]!))));
      }
      return decoded;
    },
    dispose: () => program.dispose(),
  };
}
