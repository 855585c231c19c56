import { minimize, multiply, spec, warmupStableDecay } from '../../engine/index.ts';
import { arrayFromPictures, type Picture, picturesFromArray } from '../../files/images/index.ts';
import { decodeLatents, encodeImage, type Latents } from '../../methods/diffusion/index.ts';
import { vaeDecode } from '../../networks/vae/index.ts';
import { pocketRecipe, reconstructionLoss } from '../training/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import type { AutoencoderHolder } from './judge-autoencoder.ts';
import { type JudgingEvent, type JudgingOptions, judged } from './judging-event.ts';
import { type ReconstructionQuality, reconstructionQuality } from './reconstruction-quality.ts';

export interface DecoderJudging extends JudgingOptions {
  /** Steps of the descent for each picture. Default 200. */
  readonly steps?: number;
}

/** How well the decoder alone can draw held-out scenes: from latents sought for each, not from those of the encoder. */
export async function* judgeDecoder(
  model: AutoencoderHolder,
  { count = 8, steps = 200, signal }: DecoderJudging = {},
): AsyncGenerator<JudgingEvent, ReconstructionQuality> {
  const drawn: Picture[] = [];
  const decoded: Picture[] = [];
  for (let index = 0; index < count; index++) {
    const { picture } = await drawHeldOut(index, model.vae.config.sampleSize);
    const latents = await seekLatents(model, picture, { steps, ...(signal && { signal }) });
    drawn.push(picture);
    decoded.push(...picturesFromArray(await decodeLatents(model, latents), 'judgeDecoder'));
    yield judged(index + 1, count);
  }
  return reconstructionQuality(drawn, decoded);
}

/** Descends from the encoder's latents on the loss that the decoder was tuned with. */
async function seekLatents(
  model: AutoencoderHolder,
  picture: Picture,
  { steps, signal }: { readonly steps: number; readonly signal?: AbortSignal },
): Promise<Latents> {
  const { config, parameters } = model.vae;
  const image = arrayFromPictures([picture]);
  const descent = minimize(
    model.device,
    {
      variables: { latents: await encodeImage(model, image) },
      batch: { image: spec(image.shape) },
      frozen: parameters,
      loss: ({ latents }, { image }, vae) => {
        const decoded = vaeDecode(vae, config, multiply(latents, 1 / config.scalingFactor));
        return reconstructionLoss(decoded, image, pocketRecipe.decoder);
      },
      learningRate: warmupStableDecay(0.03, { steps, warmup: 5, decay: Math.ceil(steps / 2) }),
    },
    { batch: () => ({ image }), steps, ...(signal && { signal }) },
  );
  let next = await descent.next();
  while (!next.done) next = await descent.next();
  const { latents } = await next.value.variables();
  await next.value.dispose();
  return latents;
}
