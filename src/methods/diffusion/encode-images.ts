import { type NdArray, spec } from '../../engine/index.ts';
import { vaeEncode } from '../../networks/vae/index.ts';
import { compileNetwork, type HeldModel } from './held-model.ts';

/** A normal distribution of latents, float32 [count, 4, height / 8, width / 8] each, not scaled for the UNet. */
export interface EncodedImages {
  readonly mean: NdArray<'float32'>;
  readonly logVariance: NdArray<'float32'>;
}

export interface ImageEncoder {
  /** @param images float32 [count, 3, height, width] in −1 … 1, of the size that the encoder was made for */
  readonly encode: (images: NdArray<'float32'>) => Promise<EncodedImages>;
  readonly dispose: () => Promise<void>;
}

/** The autoencoder's way in, for images of one shape [count, 3, height, width]. */
export async function compileImageEncoder(
  { device, vae }: HeldModel,
  shape: readonly number[],
): Promise<ImageEncoder> {
  const program = await compileNetwork(
    device,
    vae,
    (parameters, { images }) => ({ ...vaeEncode(parameters, vae.config, images) }),
    { images: spec(shape) },
  );
  return {
    encode: async (images) => (await program.run({ images }, vae.parameters)) as unknown as EncodedImages,
    dispose: () => program.dispose(),
  };
}
