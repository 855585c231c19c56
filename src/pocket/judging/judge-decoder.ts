import { minimize, multiply, Owner, resultOf, spec, warmupStableDecay } from '../../engine/index.ts';
import { arrayFromPictures, type Picture, picturesFromArray } from '../../files/images/index.ts';
import { decodeLatents, encodeImage, type Latents } from '../../methods/diffusion/index.ts';
import { vaeDecode } from '../../networks/vae/index.ts';
import { type ReconstructionRecipe, reconstructionLoss } from '../training/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import type { AutoencoderHolder } from './judge-autoencoder.ts';
import { type JudgingEvent, type JudgingOptions, judgedEvent } from './judging-event.ts';
import { type ReconstructionQuality, reconstructionQuality } from './reconstruction-quality.ts';

export interface DecoderJudging extends JudgingOptions {
  /** Whose loss the latents descend on. */
  readonly recipe: ReconstructionRecipe;
  /** Steps of the descent for each picture. Default 200. */
  readonly steps?: number;
}

/**
 * How well the decoder draws held-out scenes from latents that were sought for each alone, by descent from the
 * encoder's: at least so well a better encoder could do.
 */
export async function* judgeDecoder(
  model: AutoencoderHolder,
  { count = 8, steps = 200, recipe, signal }: DecoderJudging,
): AsyncGenerator<JudgingEvent, ReconstructionQuality> {
  const drawn: Picture[] = [];
  const decoded: Picture[] = [];
  for (let index = 0; index < count; index++) {
    const { picture } = await drawHeldOut(index, model.vae.config.sampleSize);
    const latents = await seekLatents(model, picture, { steps, recipe, ...(signal && { signal }) });
    drawn.push(picture);
    decoded.push(...picturesFromArray(await decodeLatents(model, latents, { signal }), 'judgeDecoder'));
    yield judgedEvent(index + 1, count);
  }
  return reconstructionQuality(drawn, decoded);
}

async function seekLatents(
  model: AutoencoderHolder,
  picture: Picture,
  {
    steps,
    recipe,
    signal,
  }: Required<Pick<DecoderJudging, 'steps' | 'recipe'>> & Pick<DecoderJudging, 'signal'>,
): Promise<Latents> {
  const { config, parameters } = model.vae;
  const image = arrayFromPictures([picture]);
  const descent = minimize(
    model.device,
    {
      variables: { latents: await encodeImage(model, image, signal) },
      batch: { image: spec(image.shape) },
      frozen: parameters,
      loss: ({ latents }, { image }, vae) => {
        const decoded = vaeDecode(vae, config, multiply(latents, 1 / config.scalingFactor));
        return reconstructionLoss(decoded, image, recipe);
      },
      learningRate: warmupStableDecay(0.03, { steps, warmup: 5, decay: Math.ceil(steps / 2) }),
    },
    { batch: () => ({ image }), steps, ...(signal && { signal }) },
  );
  await using owner = new Owner();
  const found = owner.use(await resultOf(descent));
  return (await found.variables()).latents;
}
