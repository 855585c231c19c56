import { makePicture, type Picture } from '../../files/images/index.ts';
import { type Mask, maskFromBytes } from '../../methods/evaluation/index.ts';
import { captionAt, sceneAt } from '../training/index.ts';
import { placePhrases, renderScene, type Scene } from '../world/index.ts';

/** A scene that no training sees, drawn. */
export interface HeldOutScene {
  readonly scene: Scene;
  readonly picture: Picture;
  /** Where the subject is seen. */
  readonly mask: Mask;
}

/** Held-out scene number `index`, `size` pixels wide and high. */
export async function drawHeldOut(index: number, size: number): Promise<HeldOutScene> {
  const scene = sceneAt('held out', index);
  const { pixels, mask } = await renderScene(scene, size);
  return { scene, picture: makePicture(size, size, pixels), mask: maskFromBytes(size, size, mask) };
}

/** A caption of held-out scene number `index` that names the place too; the class every caption names. */
export function heldOutPrompt(index: number): string {
  const place = placePhrases[sceneAt('held out', index).background.kind];
  for (let telling = 0; ; telling++) {
    const caption = captionAt('held out', index, telling);
    if (caption.includes(place)) return caption;
  }
}
