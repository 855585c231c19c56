import {
  add,
  exp,
  l2Normalize,
  logSumExp,
  matmul,
  minimum,
  multiply,
  type NdArray,
  ndArray,
  type RandomKey,
  spec,
  subtract,
  sum,
  type Tensor,
  type Tree,
  transpose,
} from '../../engine/index.ts';
import { clipText, clipVision, encodePrompt, projectImage, projectText } from '../../networks/clip/index.ts';
import { promptOf } from '../world/index.ts';
import type { PocketNetworks } from './pocket-networks.ts';
import { prefetching } from './prefetch.ts';
import type { StepRecipe } from './recipe.ts';
import { captionAt, type PictureStore, sceneAt, scenesOfStepByPlace } from './training-scenes.ts';

/** The networks of a CLIP. */
export type ClipNetworks = Pick<PocketNetworks, 'textEncoder' | 'imageEncoder' | 'tokenizer'>;

/** How a CLIP is trained. */
export interface ClipRecipe extends StepRecipe {
  /** Tokens of a caption that the text tower reads while training; what follows a caption's end does not count. */
  readonly captionLength: number;
}

/** Both towers with their projections. */
export type ClipParameters<Leaf = NdArray> = {
  readonly text: Tree<Leaf>;
  readonly vision: Tree<Leaf>;
  /** Natural logarithm of the factor of the similarities. */
  readonly logit_scale: Leaf;
};

/** Shapes of a batch of scenes and their captions. */
export const pairSpecs = ({ imageEncoder }: ClipNetworks, { batchSize, captionLength }: ClipRecipe) => ({
  picture: spec([batchSize, imageEncoder.channels, imageEncoder.imageSize, imageEncoder.imageSize]),
  ids: spec([batchSize, captionLength], 'int64'),
  matches: spec([batchSize, batchSize]),
});

/** Scenes with their captions, told anew at every sight. */
export const pairBatches = (
  { tokenizer }: ClipNetworks,
  recipe: ClipRecipe,
  pictures: PictureStore,
  key: RandomKey,
) =>
  prefetching(async (step) => {
    const scenes = scenesOfStepByPlace(key, { ...recipe, step });
    const captions = scenes.map((scene) => captionOfStep(scene, step));
    const ids = captions.flatMap((caption) =>
      encodePrompt(tokenizer, caption).ids.slice(0, recipe.captionLength),
    );
    return {
      picture: await pictures.read(scenes),
      ids: ndArray('int64', [scenes.length, recipe.captionLength], BigInt64Array.from(ids, BigInt)),
      matches: matchesOf(captions),
    };
  });

/** Every other step names class and place only: where the place is the same for all, the class alone counts. */
const captionOfStep = (scene: number, step: number): string =>
  step % 2 === 1 ? promptOf(sceneAt('training', scene)) : captionAt('training', scene, step);

/** Equal captions belong to each other's pictures: rows that sum to 1, [pairs, pairs]. */
function matchesOf(captions: readonly string[]): NdArray {
  const data = captions.flatMap((caption) => {
    const count = captions.filter((other) => other === caption).length;
    return captions.map((other) => (other === caption ? 1 / count : 0));
  });
  return ndArray('float32', [captions.length, captions.length], Float32Array.from(data));
}

/**
 * How well pictures and captions find each other (Radford et al. 2021, arXiv 2103.00020, figure 3), equal captions
 * counting as one (Yang et al. 2022, arXiv 2204.03610, equation 3).
 */
export function pairLoss(
  { textEncoder, imageEncoder }: ClipNetworks,
  { text, vision, logit_scale }: ClipParameters<Tensor>,
  { picture, ids, matches }: { readonly picture: Tensor; readonly ids: Tensor; readonly matches: Tensor },
): Tensor {
  const texts = l2Normalize(projectText(text, clipText(text, textEncoder, ids).pooled));
  const images = l2Normalize(projectImage(vision, clipVision(vision, imageEncoder, picture).pooled));
  const similarities = matmul(images, texts, { transposeB: true });
  const logits = multiply(similarities, minimum(exp(logit_scale), largestScale));
  return multiply(add(matchingLoss(logits, matches), matchingLoss(transpose(logits), matches)), 0.5);
}

/** Cross-entropy of each row with its several right answers. matches is symmetric. */
const matchingLoss = (logits: Tensor, matches: Tensor): Tensor =>
  multiply(sum(multiply(matches, subtract(logSumExp(logits), logits))), 1 / logits.shape[0]!);

/** As in the paper, section 2.5: beyond it training becomes unstable. */
const largestScale = 100;
