import { fold, type RandomKey } from '../../../engine/index.ts';
import {
  arrayFromPictures,
  type Picture,
  type SquareCrop,
  squarePicture,
} from '../../../files/images/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { compileImageEncoder, type EncodedImages, type HeldModel } from '../../diffusion/index.ts';
import { type Augmentation, validCells, viewsOf } from './augmentation.ts';

/** A view of a picture as training uses it: the latents' distribution, and the prompts to choose from. */
export interface Example extends EncodedImages {
  /** 1 where the loss counts, [height · width] of the latents. */
  readonly valid: Float32Array;
  readonly prompts: readonly string[];
}

/** The examples of each picture. */
export type Examples = readonly (readonly Example[])[];

/** A picture with the prompts that it may be shown with. */
export interface PromptedPicture {
  readonly picture: Picture;
  readonly prompts: readonly string[];
}

export interface EncodingOptions {
  readonly augmentation: Augmentation;
  readonly crop: SquareCrop;
  /** Side of the squares, in pixels. */
  readonly size: number;
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

export interface EncodedEvent {
  readonly kind: 'encoded';
  /** Pictures done, of all. */
  readonly count: number;
  readonly of: number;
}

/** Crops, augments and encodes pictures once, so that the autoencoder is not needed while training. */
export async function* encodeExamples(
  model: HeldModel,
  pictures: readonly PromptedPicture[],
  { augmentation, crop, size, key, signal }: EncodingOptions,
): AsyncGenerator<EncodedEvent, Examples> {
  const encoder = await compileImageEncoder(model, [1, 3, size, size]);
  const cell = pixelsPerCell(model.vae.config);
  const examples: Example[][] = [];
  try {
    for (const [index, { picture, prompts }] of pictures.entries()) {
      const square = await squarePicture(picture, size, { crop });
      const views = await viewsOf[augmentation](square, fold(key, index));
      const own: Example[] = [];
      for (const view of views) {
        const encoded = await encoder.encode(arrayFromPictures([view.picture]), signal);
        own.push({
          ...encoded,
          valid: validCells(view.valid, size, cell),
          prompts: prompts.flatMap((prompt) =>
            view.wordings.length === 0 ? [prompt] : view.wordings.map((wording) => `${prompt}, ${wording}`),
          ),
        });
      }
      examples.push(own);
      yield { kind: 'encoded', count: index + 1, of: pictures.length };
    }
    return examples;
  } finally {
    await encoder.dispose();
  }
}
