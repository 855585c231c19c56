import { compileImageEncoder, type HeldModel, type Latents, weightedSum } from '../../diffusion/index.ts';

/**
 * The latents that a picture is edited as: the mean of their distribution, as in DDS' own code, times the scaling factor.
 * @param image float32 [1, 3, height, width] from −1 to 1, of whole latent cells
 */
export async function encodeImage(model: HeldModel, image: Latents): Promise<Latents> {
  const { encode, dispose } = await compileImageEncoder(model, image.shape);
  try {
    const { mean } = await encode(image);
    return weightedSum([model.vae.config.scalingFactor, mean]);
  } finally {
    await dispose(); // it would hold gigabytes while the latents are edited
  }
}
