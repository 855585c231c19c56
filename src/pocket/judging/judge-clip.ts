import type { Device } from '../../engine/index.ts';
import { embedPicture, type HeldClip, Instruments } from '../../methods/evaluation/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import { type JudgingEvent, type JudgingOptions, judgedEvent } from './judging-event.ts';
import { requireText } from './require-text.ts';
import { zeroShot } from './zero-shot.ts';

/** Shares of pictures whose label was found, 0 to 1. */
export interface ClipQuality {
  readonly count: number;
  readonly class: number;
  readonly background: number;
  /** The class being given. */
  readonly colour: number;
  /** The class being unknown too. */
  readonly colourAlone: number;
}

/** Zero-shot accuracy on held-out scenes: class, background, and the subject's first colour. */
export async function* judgeClip(
  device: Device,
  clip: HeldClip,
  { count = 500, signal }: JudgingOptions = {},
): AsyncGenerator<JudgingEvent, ClipQuality> {
  const instruments = new Instruments(device);
  try {
    const { classOf, backgroundOf, colourOf } = await zeroShot(instruments, requireText(clip));
    const right = { class: 0, background: 0, colour: 0, colourAlone: 0 };
    for (let index = 0; index < count; index++) {
      signal?.throwIfAborted();
      const { scene, picture } = await drawHeldOut(index, clip.vision.config.imageSize);
      const embedding = await embedPicture(instruments, clip, picture);
      const { class: subjectClass, appearance } = scene.subject;
      if (classOf(embedding) === subjectClass) right.class++;
      if (backgroundOf(embedding) === scene.background.kind) right.background++;
      if (colourOf(embedding, subjectClass) === appearance.base.name) right.colour++;
      if (colourOf(embedding) === appearance.base.name) right.colourAlone++;
      yield judgedEvent(index + 1, count);
    }
    const share = (of: keyof typeof right) => right[of] / count;
    return {
      count,
      class: share('class'),
      background: share('background'),
      colour: share('colour'),
      colourAlone: share('colourAlone'),
    };
  } finally {
    await instruments.dispose();
  }
}
