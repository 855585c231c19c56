import { type JsonObject, jsonText } from '../json-file.ts';
import type { Prediction } from '../prediction.ts';

/** scheduler_config.json: Stable Diffusion's schedule (v1-inference.yaml), in the form of diffusers' default sampler. */
export const stableDiffusionScheduler = (prediction: Prediction): string => {
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
