import { l2Normalize, type NdArray, ndArray, spec } from '../../engine/index.ts';
import type { Picture } from '../../files/images/index.ts';
import {
  clipText,
  clipVision,
  encodePrompts,
  preprocessClipImages,
  projectImage,
  projectText,
} from '../../networks/clip/index.ts';
import { compileNetwork } from '../diffusion/held-model.ts';
import { cropToSubject } from './crop-to-subject.ts';
import type { SubjectPicture } from './edit-case.ts';
import type { HeldClip, HeldClipText, Instruments } from './instruments.ts';

/** A direction in CLIP's space: length 1, [size]. */
export type Embedding = NdArray<'float32'>;

/**
 * A picture in CLIP's space, after the model's own preprocessing (for OpenAI's: the shorter side resized to 224, the
 * middle square). Computed once a picture.
 */
export const embedPicture = (
  instruments: Instruments,
  clip: HeldClip,
  picture: Picture,
): Promise<Embedding> =>
  instruments.embedding(clip, picture, async () => {
    const pixels = preprocessClipImages([pixelArray(picture)], clip.processor);
    const { vision } = clip;
    const program = await instruments.program(clip.vision, 'embed picture', () =>
      compileNetwork(
        instruments.device,
        vision,
        (parameters, { pixels }) => ({
          embedding: l2Normalize(
            projectImage(parameters, clipVision(parameters, vision.config, pixels).pooled),
          ),
        }),
        { pixels: spec(pixels.shape) },
      ),
    );
    const { embedding } = await program.run({ pixels }, vision.parameters);
    return flat(embedding!);
  });

/** The subject alone: the picture cut to the square around its mask. Computed once an object. */
export const embedSubject = (
  instruments: Instruments,
  clip: HeldClip,
  subject: Required<SubjectPicture>,
): Promise<Embedding> =>
  instruments.embedding(clip, subject, () =>
    embedPicture(instruments, clip, cropToSubject(subject.picture, subject.mask)),
  );

/** A caption in CLIP's space. */
export async function embedCaption(
  instruments: Instruments,
  { network, tokenizer }: HeldClipText,
  caption: string,
): Promise<Embedding> {
  const ids = encodePrompts(tokenizer, [caption]);
  const program = await instruments.program(network, 'embed caption', () =>
    compileNetwork(
      instruments.device,
      network,
      (parameters, { ids }) => ({
        embedding: l2Normalize(projectText(parameters, clipText(parameters, network.config, ids).pooled)),
      }),
      { ids: spec(ids.shape, ids.dtype) },
    ),
  );
  const { embedding } = await program.run({ ids }, network.parameters);
  return flat(embedding!);
}

/** The cosine of the angle between two embeddings, −1 to 1. */
export function cosineSimilarity(a: Embedding, b: Embedding): number {
  if (a.data.length !== b.data.length) {
    throw new Error(
      `cosineSimilarity: embeddings of one model have one size, got ${a.data.length} and ${b.data.length}`,
    );
  }
  return a.data.reduce((sum, value, index) => sum + value * b.data[index]!, 0);
}

/** uint8 [height, width, 3] */
export const pixelArray = ({ height, width, pixels }: Picture): NdArray<'uint8'> =>
  ndArray('uint8', [height, width, 3], pixels);

const flat = (embedding: NdArray): Embedding =>
  ndArray('float32', [embedding.shape.at(-1)!], embedding.data as Float32Array);
