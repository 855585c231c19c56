import type { PromptedModel } from '../../methods/diffusion/index.ts';
import { embedPicture, frechetDistance, type HeldClip, Instruments } from '../../methods/evaluation/index.ts';
import { type GeneratingOptions, generatePictures } from './generate-pictures.ts';
import { drawHeldOut, heldOutPrompt } from './held-out-scenes.ts';
import { type JudgingEvent, type JudgingOptions, judgedEvent } from './judging-event.ts';
import { requireText } from './require-text.ts';
import { zeroShot } from './zero-shot.ts';

export interface GeneratedQuality {
  readonly count: number;
  /** Shares of pictures in which the CLIP sees what the prompt names, 0 to 1. */
  readonly class: number;
  readonly background: number;
  /**
   * Between the CLIP embeddings (of length 1) of the generated pictures and of the drawings of the same scenes. It
   * depends on the count.
   */
  readonly frechetDistance: number;
}

/** Pictures of held-out prompts as the pocket CLIP sees them. */
export async function* judgeGenerated(
  generator: PromptedModel,
  clip: HeldClip,
  { count = 200, ...options }: JudgingOptions & GeneratingOptions,
): AsyncGenerator<JudgingEvent, GeneratedQuality> {
  const instruments = new Instruments(generator.model.device);
  try {
    const { classOf, backgroundOf } = await zeroShot(instruments, requireText(clip));
    const prompts = Array.from({ length: count }, (_, index) => heldOutPrompt(index));
    const generated: Float32Array[] = [];
    const drawn: Float32Array[] = [];
    const right = { class: 0, background: 0 };
    for await (const pictures of generatePictures(generator, prompts, options)) {
      for (const picture of pictures) {
        const drawing = await drawHeldOut(generated.length, clip.vision.config.imageSize);
        const embedding = await embedPicture(instruments, clip, picture);
        if (classOf(embedding) === drawing.scene.subject.class) right.class++;
        if (backgroundOf(embedding) === drawing.scene.background.kind) right.background++;
        generated.push(embedding.data);
        drawn.push((await embedPicture(instruments, clip, drawing.picture)).data);
      }
      yield judgedEvent(generated.length, count);
    }
    return {
      count,
      class: right.class / count,
      background: right.background / count,
      frechetDistance: frechetDistance(generated, drawn),
    };
  } finally {
    await instruments.dispose();
  }
}
