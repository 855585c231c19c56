import { type BetaCurve, betas, cumulativeAlphas, rescaleToZeroTerminalSnr } from './beta-curves.ts';

/** What a model's output means: ε, v = α_t·ε − σ_t·x₀ (Salimans, Ho 2022), or x₀ itself. */
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';

export interface NoiseScheduleOptions {
  /** T, 1000 for Stable Diffusion. */
  readonly trainTimesteps: number;
  readonly betaCurve: BetaCurve;
  /** `zero`: the last timestep is pure noise (Lin et al. 2023). A model must have been trained so. */
  readonly terminalSnr: 'as-trained' | 'zero';
  /** ᾱ where a sampler arrives after timestep 0: exactly 1, or ᾱ_0 again (diffusers' `set_alpha_to_one`). */
  readonly finalAlpha: 'one' | 'first';
  readonly predictionType: PredictionType;
}

/** The forward process a model was trained on: q(x_t | x₀) = N(√ᾱ_t x₀, (1 − ᾱ_t) I). */
export interface NoiseSchedule {
  readonly options: NoiseScheduleOptions;
  /** β_t, [T] */
  readonly betas: Float32Array;
  /** ᾱ_t, [T], decreasing */
  readonly alphasCumprod: Float32Array;
  /** ᾱ before timestep 0. */
  readonly finalAlphaCumprod: number;
  readonly predictionType: PredictionType;
}

/** What Stable Diffusion 1.x is trained with. 2.x at 768 pixels differs in `predictionType: 'v_prediction'`. */
export const stableDiffusionSchedule: NoiseScheduleOptions = {
  trainTimesteps: 1000,
  betaCurve: { kind: 'scaled-linear', start: 0.00085, end: 0.012 },
  terminalSnr: 'as-trained',
  finalAlpha: 'first',
  predictionType: 'epsilon',
};

/** @throws if the options describe no schedule; see `betas`. */
export function noiseSchedule(options: NoiseScheduleOptions = stableDiffusionSchedule): NoiseSchedule {
  const trained = betas(options.betaCurve, options.trainTimesteps);
  const β = options.terminalSnr === 'zero' ? rescaleToZeroTerminalSnr(trained) : trained;
  const alphasCumprod = cumulativeAlphas(β);
  return {
    options,
    betas: β,
    alphasCumprod,
    finalAlphaCumprod: options.finalAlpha === 'one' ? 1 : alphasCumprod[0]!,
    predictionType: options.predictionType,
  };
}
