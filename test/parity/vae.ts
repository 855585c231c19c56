import { join } from 'node:path';
import { add, gradient, multiply, openDevice, sum, type Tensor } from '../../src/engine/index.ts';
import { sampleLatents, vaeDecode, vaeEncode, vaeParameterSpecs } from '../../src/networks/vae/index.ts';
import { compareArrays, compareParameters, read, readModel, runOnce, tolerances } from './model-folder.ts';
import type { ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

const inputs = ['image', 'latent', 'encode.noise'];

/**
 * Compares an autoencoder (config.json, diffusion_pytorch_model.safetensors) with golden.safetensors: mean, log
 * variance and sample of an image, the picture of a latent, the gradient of Σ picture² with respect to the latent
 * and of Σ mean² + Σ log variance with respect to the image; kept and recomputed activations.
 */
export async function* compareVae(folder: string): AsyncGenerator<ParityResult> {
  const { config, parameters } = readModel('vae', folder);
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  yield compareParameters('vae', vaeParameterSpecs(config), parameters);
  const device = await openDevice('cpu');
  try {
    for (const activations of ['keep', 'recompute'] as const) {
      const encoded = await runOnce(
        device,
        ({ parameters, image, noise }) => {
          const latents = vaeEncode(parameters, config, image, { activations });
          const { mean, logVariance } = latents;
          return {
            encode: { mean, logvar: logVariance, sample: sampleLatents(latents, noise) },
            grad_image_of_sum_sq_mean_plus_sum_logvar: gradient(
              add(sumOfSquares(mean), sum(logVariance)),
              image,
            ),
          };
        },
        { parameters, image: read(golden, 'image'), noise: read(golden, 'encode.noise') },
      );
      const decoded = await runOnce(
        device,
        ({ parameters, latent }) => {
          const picture = vaeDecode(parameters, config, latent, { activations });
          return {
            decode: { output: picture },
            grad_latent_of_sum_sq_decode: gradient(sumOfSquares(picture), latent),
          };
        },
        { parameters, latent: read(golden, 'latent') },
      );
      const ours = new Map([...encoded, ...decoded]);
      for (const [name, theirs] of golden) {
        if (inputs.includes(name)) continue;
        const tolerance = name.startsWith('grad') ? tolerances.gradient : tolerances.output;
        yield compareArrays(`${name} (${activations})`, read(ours, name), theirs, tolerance);
      }
    }
  } finally {
    await device.close();
  }
}

const sumOfSquares = (x: Tensor): Tensor => sum(multiply(x, x));
