import {
  add,
  divide,
  exp,
  l2Normalize,
  logSumExp,
  matmul,
  minimum,
  multiply,
  type NdArray,
  ndArray,
  type RandomKey,
  reshape,
  slice,
  spec,
  subtract,
  sum,
  type Tensor,
  type Tree,
  transpose,
} from '../../engine/index.ts';
import { clipText, clipVision, encodePrompt, projectImage, projectText } from '../../networks/clip/index.ts';
import { enter, layerNormLayer, parametersOf } from '../../networks/nn/index.ts';
import { promptOf, withArticle } from '../world/index.ts';
import type { PocketNetworks } from './pocket-networks.ts';
import { prefetching } from './prefetch.ts';
import type { StepRecipe } from './recipe.ts';
import { captionAt, type PictureStore, sceneAt, scenesByPlace } from './training-scenes.ts';

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
  subject: spec([batchSize, (imageEncoder.imageSize / imageEncoder.patchSize) ** 2]),
  classIds: spec([batchSize, subjectCaptionLength], 'int64'),
  classMatches: spec([batchSize, batchSize]),
});

/** Scenes with their captions, told anew at every sight. */
export const pairBatches = (
  { tokenizer, imageEncoder }: ClipNetworks,
  recipe: ClipRecipe,
  pictures: PictureStore,
  key: RandomKey,
) => {
  const scenesOf = scenesByPlace(key, recipe);
  return prefetching(async (step) => {
    const scenes = scenesOf(step);
    const captions = scenes.map((scene) => captionOfStep(scene, step));
    const subjects = scenes.map((scene) => subjectCaption(scene, step));
    return {
      picture: await pictures.read(scenes),
      subject: await pictures.readMasks(scenes, imageEncoder.imageSize / imageEncoder.patchSize),
      ids: encodeCaptions(tokenizer, captions, recipe.captionLength),
      matches: matchesOf(captions),
      classIds: encodeCaptions(tokenizer, subjects, subjectCaptionLength),
      classMatches: matchesOf(subjects),
    };
  });
};

/** The first tokens of each caption, the last of them its end even where it is longer: int64 [captions, length]. */
function encodeCaptions(
  tokenizer: ClipNetworks['tokenizer'],
  captions: readonly string[],
  length: number,
): NdArray {
  const ids = captions.flatMap((caption) => {
    const whole = encodePrompt(tokenizer, caption).ids;
    return [...whole.slice(0, length - 1), whole.at(-1)!]; // which is an end token, as all that fills up
  });
  return ndArray('int64', [captions.length, length], BigInt64Array.from(ids, BigInt));
}

/** Tokens of "a photo of a purple elephant" with its start and end, and two to spare. */
const subjectCaptionLength = 10;

/**
 * Every other step names class and place only: where the place is the same for all, the class alone counts. Steps and
 * places come in turn, so whether the batches of a place have these captions or whole ones is the same all along.
 */
const captionOfStep = (scene: number, step: number): string =>
  step % 2 === 1 ? promptOf(sceneAt('training', scene)) : captionAt('training', scene, step);

/** The subject by itself: its class, in two steps of four with its colour, which for each place is fixed as well. */
function subjectCaption(scene: number, step: number): string {
  const { subject } = sceneAt('training', scene);
  const colour = step % 4 < 2 ? '' : `${subject.appearance.base.name} `;
  return `a photo of ${withArticle(`${colour}${subject.class}`)}`;
}

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
  batch: PairTensors,
): Tensor {
  const factor = minimum(exp(logit_scale), largestScale);
  const embedText = (ids: Tensor): Tensor =>
    l2Normalize(projectText(text, clipText(text, textEncoder, ids).pooled));
  const score = (pictures: Tensor, ids: Tensor): Tensor =>
    multiply(
      matmul(l2Normalize(projectImage(vision, pictures)), embedText(ids), { transposeB: true }),
      factor,
    );
  const { pooled, lastHiddenState } = clipVision(vision, imageEncoder, batch.picture);
  const whole = symmetricLoss(score(pooled, batch.ids), batch.matches);
  const subject = subjectState(vision, imageEncoder, lastHiddenState, batch.subject);
  const part = symmetricLoss(score(subject, batch.classIds), batch.classMatches);
  return add(whole, part);
}

interface PairTensors {
  readonly picture: Tensor;
  readonly ids: Tensor;
  readonly matches: Tensor;
  /** How much of each patch is the subject. [pairs, patches] */
  readonly subject: Tensor;
  readonly classIds: Tensor;
  readonly classMatches: Tensor;
}

/** The mean of the subject's patches, normalized as the class token is. [pictures, size] */
function subjectState(
  vision: Tree<Tensor>,
  { layerNormEpsilon, hiddenSize }: ClipNetworks['imageEncoder'],
  states: Tensor,
  shares: Tensor,
): Tensor {
  const [pictures, patches] = shares.shape as [number, number];
  const weights = divide(shares, add(sum(shares, { axes: [1], keepAxes: true }), 1e-6));
  const mixed = matmul(reshape(weights, [pictures, 1, patches]), slice(states, { axis: 1, start: 1 }));
  return enter(parametersOf(vision), 'vision_model', (model) =>
    layerNormLayer(model, 'post_layernorm', reshape(mixed, [pictures, hiddenSize]), layerNormEpsilon),
  );
}

const symmetricLoss = (logits: Tensor, matches: Tensor): Tensor =>
  multiply(add(matchingLoss(logits, matches), matchingLoss(transpose(logits), matches)), 0.5);

/** Cross-entropy of each row with its several right answers. matches is symmetric. */
const matchingLoss = (logits: Tensor, matches: Tensor): Tensor =>
  multiply(sum(multiply(matches, subtract(logSumExp(logits), logits))), 1 / logits.shape[0]!);

/** As in the paper, section 2.5: beyond it training becomes unstable. */
const largestScale = 100;
