import {
  contrastiveLoss,
  type Device,
  divide,
  exp,
  fold,
  type Minimized,
  matmul,
  minimize,
  minimum,
  multiply,
  type NdArray,
  ndArray,
  norm,
  type StepEvent,
  scalar,
  spec,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import {
  clipText,
  clipVision,
  encodePrompt,
  initializeClipText,
  initializeClipVision,
  projectImage,
  projectText,
} from '../../networks/clip/index.ts';
import type { PocketNetworks } from './pocket-networks.ts';
import { prefetching } from './prefetch.ts';
import { goOn, type PretrainingRun, type StepRecipe, scheduleOf } from './recipe.ts';
import { captionAt, type PictureStore, scenesOfStep } from './training-scenes.ts';

export interface ClipRecipe extends StepRecipe {
  /** Tokens of a caption that the text tower reads while training; what follows a caption's end does not count. */
  readonly captionLength: number;
}

export interface ClipParameters {
  readonly text: Tree<NdArray>;
  readonly vision: Tree<NdArray>;
  /** Natural logarithm of the factor of the similarities. */
  readonly logit_scale: NdArray;
}

/**
 * Trains both towers of a CLIP (Radford et al. 2021, arXiv 2103.00020, figure 3) from scratch on drawn scenes and
 * their captions, told anew at every sight.
 */
export async function* trainClip(
  device: Device,
  networks: Pick<PocketNetworks, 'textEncoder' | 'imageEncoder' | 'tokenizer'>,
  recipe: ClipRecipe,
  pictures: PictureStore,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<ClipParameters & Tree<NdArray>>> {
  const { textEncoder, imageEncoder, tokenizer } = networks;
  const { steps, batchSize, captionLength } = recipe;
  const { key } = run;
  const side = imageEncoder.imageSize;
  const variables: ClipParameters = {
    text: initializeClipText(fold(key, 'text'), textEncoder, 'projection'),
    vision: initializeClipVision(fold(key, 'vision'), imageEncoder),
    logit_scale: scalar(Math.log(1 / 0.07)),
  };
  return yield* minimize(
    device,
    {
      variables: variables as ClipParameters & Tree<NdArray>,
      batch: {
        picture: spec([batchSize, 3, side, side]),
        ids: spec([batchSize, captionLength], 'int64'),
      },
      loss: (parameters, { picture, ids }) => {
        const { text, vision, logit_scale } = parameters as unknown as ClipTensors;
        const texts = normalized(projectText(text, clipText(text, textEncoder, ids).pooled));
        const images = normalized(projectImage(vision, clipVision(vision, imageEncoder, picture).pooled));
        const similarities = matmul(images, texts, { transposeB: true });
        return contrastiveLoss(multiply(similarities, minimum(exp(logit_scale), 100)));
      },
      learningRate: scheduleOf(recipe),
      clipNorm: recipe.clipNorm,
      averageDecay: recipe.averageDecay,
      ...(run.threads && { threads: run.threads }),
    },
    {
      steps,
      batch: prefetching(async (step) => {
        const scenes = scenesOfStep(fold(key, 'scenes'), { ...recipe, step });
        const ids = scenes.flatMap((scene) =>
          encodePrompt(tokenizer, captionAt('training', scene, step)).ids.slice(0, captionLength),
        );
        return {
          picture: await pictures.read(scenes),
          ids: ndArray('int64', [batchSize, captionLength], BigInt64Array.from(ids, BigInt)),
        };
      }),
      ...goOn(run),
    },
  );
}

interface ClipTensors {
  readonly text: Tree<Tensor>;
  readonly vision: Tree<Tensor>;
  readonly logit_scale: Tensor;
}

/** x / ‖x‖ by row. */
const normalized = (x: Tensor): Tensor => divide(x, norm(x, { axes: [-1], keepAxes: true }));
