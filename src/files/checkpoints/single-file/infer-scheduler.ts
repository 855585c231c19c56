import { type JsonObject, jsonText } from '../json-file.ts';
import type { Family } from '../stable-diffusion.ts';

/** What a UNet predicts: the noise, or the velocity (Salimans and Ho 2022, arXiv 2202.00512). */
export type Prediction = 'epsilon' | 'v_prediction';

export interface InferredScheduler {
  /** scheduler_config.json. */
  readonly text: string;
  readonly assumptions: readonly string[];
}

/** The training step at which stabilityai saved SD 2's base model, whose UNet predicts the noise. */
const baseModelStep = 875_000;

/**
 * No tensor tells what a UNet predicts. SD 1.x predicts the noise, SD 2.x's 768-pixel models the velocity and its
 * 512-pixel base models the noise; the step at which the base model was saved gives it away where the file has it.
 */
export function inferScheduler(
  family: Family,
  given: Prediction | undefined,
  globalStep: unknown,
): InferredScheduler {
  if (given !== undefined) return { text: schedulerText(given), assumptions: [] };
  if (family === 'SD 1.x') return { text: schedulerText('epsilon'), assumptions: [] };
  if (globalStep === baseModelStep) return { text: schedulerText('epsilon'), assumptions: [] };
  return {
    text: schedulerText('v_prediction'),
    assumptions: [
      'the file does not say what its UNet predicts: v_prediction is assumed, as in the 768-pixel models of SD 2.x; say "epsilon" for a 512-pixel base model',
    ],
  };
}

/** Stable Diffusion's schedule (v1-inference.yaml), in the form of diffusers' default sampler. */
const schedulerText = (prediction: Prediction): string => {
  const config: JsonObject = {
    _class_name: 'PNDMScheduler',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.00085,
    num_train_timesteps: 1000,
    prediction_type: prediction,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    trained_betas: null,
  };
  return jsonText(config);
};
