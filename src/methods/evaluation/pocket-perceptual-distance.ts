import { add, divide, reshape, slice, spec, type Tensor, transpose } from '../../engine/index.ts';
import type { Picture } from '../../files/images/index.ts';
import { clipVision, preprocessClipImages } from '../../networks/clip/index.ts';
import { featureDistance } from '../../networks/lpips/index.ts';
import { compileNetwork } from '../diffusion/held-model.ts';
import { pixelArray } from './clip-similarity.ts';
import { checkSameSize } from './compare-pixels.ts';
import type { HeldClip, Instruments } from './instruments.ts';

/**
 * The pocket perceptual distance: how differently the built-in model's CLIP sees two pictures, patch by patch. The
 * input of each layer of its vision tower is taken for every patch, without the class token (what the last layer makes
 * of patches, CLIP never looks at); channels are scaled to length 1, the squares of their differences added up, and
 * this averaged over patches and then over layers. 0 is equal, 4 the most there can be.
 *
 * It is LPIPS' construction on another network without heads learned from people's judgements, so its figures compare
 * with each other only. Pictures pass the model's own preprocessing: of a picture that is not square, the middle.
 * @throws a sentence if the sizes differ
 */
export async function pocketPerceptualDistance(
  instruments: Instruments,
  { vision, processor }: HeldClip,
  a: Picture,
  b: Picture,
): Promise<number> {
  checkSameSize(a, b);
  const pixels = preprocessClipImages([pixelArray(a), pixelArray(b)], processor);
  const program = await instruments.program(vision, 'pocket perceptual distance', () =>
    compileNetwork(
      instruments.device,
      vision,
      (parameters, { pixels }) => {
        const layers = clipVision(parameters, vision.config, pixels).hiddenStates.slice(0, -1);
        const distances = layers.map((layer) => {
          const patches = patchFeatures(layer);
          return featureDistance(slice(patches, { axis: 0, end: 1 }), slice(patches, { axis: 0, start: 1 }));
        });
        return { distance: divide(distances.reduce(add), distances.length) };
      },
      { pixels: spec(pixels.shape) },
    ),
  );
  const { distance } = await program.run({ pixels }, vision.parameters);
  return Number(distance!.data[0]);
}

/** [pictures, 1 + patches, size] → [pictures, size, patches, 1] */
function patchFeatures(layer: Tensor): Tensor {
  const [pictures, tokens, size] = layer.shape as [number, number, number];
  const patches = slice(layer, { axis: 1, start: 1 });
  return reshape(transpose(patches, [0, 2, 1]), [pictures, size, tokens - 1, 1]);
}
