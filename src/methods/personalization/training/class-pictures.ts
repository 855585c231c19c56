import { fold, type RandomKey, resultOf } from '../../../engine/index.ts';
import { type Picture, picturesFromArray } from '../../../files/images/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { compileDenoiser, contextOf, decodeLatents, sample } from '../../diffusion/index.ts';
import type { PersonalizationBase } from '../personalize-options.ts';

/** How pictures are made while training. */
export interface GenerationSettings {
  /** Default 50. */
  readonly steps?: number;
  /** Default 7.5. */
  readonly guidanceScale?: number;
}

export interface ClassPictureOptions extends GenerationSettings {
  readonly prompt: string;
  /** First number to be made, and the number behind the last. */
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

/** A picture for prior preservation was made; kept as PNG it can be given to the next training of the class. */
export interface ClassPictureEvent {
  readonly kind: 'class-picture';
  /** Its number, from 0; the same number and seed give the same picture. */
  readonly index: number;
  readonly of: number;
  readonly picture: Picture;
}

/** Pictures of the class, made by the base model (Ruiz et al. 2022, section 3.3). */
export async function* generateClassPictures(
  base: PersonalizationBase,
  { prompt, from, to, size, key, signal, steps = 50, guidanceScale = 7.5 }: ClassPictureOptions,
): AsyncGenerator<ClassPictureEvent, readonly Picture[]> {
  if (from >= to) return [];
  const { model, scheduler } = base;
  const side = size / pixelsPerCell(model.vae.config);
  const shape = [1, model.unet.config.inputChannels, side, side];
  const prompts = guidanceScale === 1 ? [prompt] : [prompt, ''];
  const context = await contextOf(base, prompts);
  const { denoise, dispose } = await compileDenoiser(model, shape, context, { guidanceScale });
  const pictures: Picture[] = [];
  try {
    for (let index = from; index < to; index++) {
      const start = { kind: 'noise', shape } as const;
      const options = {
        denoise,
        ...scheduler,
        steps,
        start,
        key: fold(key, index),
        ...(signal && { signal }),
      };
      const latents = await resultOf(sample(options));
      const image = await decodeLatents(model, latents, { signal });
      const [picture] = picturesFromArray(image, `class picture ${index + 1}`);
      pictures.push(picture!);
      yield { kind: 'class-picture', index, of: to, picture: picture! };
    }
    return pictures;
  } finally {
    await dispose();
  }
}
