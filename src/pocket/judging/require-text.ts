import type { HeldClip, HeldClipText } from '../../methods/evaluation/index.ts';

/** @throws a sentence for a CLIP that compares pictures only */
export function requireText({ text }: HeldClip): HeldClipText {
  if (text !== undefined) return text;
  throw new Error(
    'judging: the CLIP has no text tower with a projection; give a model folder whose text_encoder has text_projection.weight',
  );
}
