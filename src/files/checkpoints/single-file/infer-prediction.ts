import { toNumbers } from '../../../engine/arrays/index.ts';
import type { LazyArrays } from '../named-arrays.ts';
import type { Prediction } from '../prediction.ts';
import type { Family } from '../stable-diffusion.ts';
import { modelSpec } from './model-spec.ts';

/** What a file has that tells of its training. */
export interface TrainingTraces {
  readonly family: Family;
  /** The UNet's tensors by their names in diffusers. */
  readonly unet: LazyArrays;
  readonly metadata: ReadonlyMap<string, string>;
  /** Training scripts leave it in a .ckpt. */
  readonly globalStep: unknown;
}

export interface InferredPrediction {
  readonly prediction: Prediction;
  readonly assumptions: readonly string[];
}

/** The training step at which stabilityai saved SD 2's base model, whose UNet predicts the noise. */
const baseModelStep = 875_000;

/**
 * No tensor states what a UNet predicts. SD 1.x predicts the noise. Of SD 2.x the 768-pixel models predict the velocity,
 * the 512-pixel base and those for inpainting and depth, which were trained from it, the noise. In this order it is told
 * by the file's metadata, the channels, the step at which the base was saved (as diffusers does it), and the spread of
 * a bias (as ComfyUI does it); the last is an assumption, and said to be one.
 */
export async function inferPrediction(traces: TrainingTraces): Promise<InferredPrediction> {
  const stated = modelSpec.prediction.read(traces.metadata);
  if (stated !== undefined) return certain(stated);
  if (traces.family === 'SD 1.x') return certain('epsilon');
  const channels = traces.unet.get('conv_in.weight')?.shape[1];
  if (channels !== usualChannels || traces.globalStep === baseModelStep) return certain('epsilon');
  const spread = await spreadOfBias(traces.unet);
  if (spread === undefined) return assumed('v_prediction', 'as in the 768-pixel models of SD 2.x');
  const reason = `since ${telling} has a spread of ${spread.toPrecision(2)}`;
  return spread > leastSpreadOfVelocity
    ? assumed('v_prediction', `${reason}, as in the 768-pixel models of SD 2.x`)
    : assumed('epsilon', `${reason}, as in the 512-pixel models of SD 2.x`);
}

/** Latents alone: those for inpainting see 9 channels, those of depth 5. */
const usualChannels = 4;

const certain = (prediction: Prediction): InferredPrediction => ({ prediction, assumptions: [] });

const other: { readonly [P in Prediction]: Prediction } = {
  epsilon: 'v_prediction',
  v_prediction: 'epsilon',
};

const assumed = (prediction: Prediction, why: string): InferredPrediction => ({
  prediction,
  assumptions: [
    `the file does not say what its UNet predicts: ${prediction} is assumed, ${why}; give the prediction "${other[prediction]}" if pictures come out as noise`,
  ],
});

/** output_blocks.11 in the original naming. All published and tuned models of SD 2.x have it. */
const telling = 'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias';

/** ComfyUI's threshold (supported_models.py, SD20.model_type). */
const leastSpreadOfVelocity = 0.09;

/** The standard deviation; undefined for a UNet of another size, of which it tells nothing. */
async function spreadOfBias(unet: LazyArrays): Promise<number | undefined> {
  const bias = unet.get(telling);
  if (bias === undefined || bias.shape.join() !== '320') return undefined;
  const values = Array.from(toNumbers(await bias.read()));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Number.isFinite(variance) ? Math.sqrt(variance) : undefined;
}
