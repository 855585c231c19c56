import { fold, type NdArray, ndArray, normal, type RandomKey } from '../../engine/arrays/index.ts';
import {
  type Latents,
  levelAt,
  type NoiseLevel,
  type NoiseSchedule,
  noiseTo,
  type PredictionType,
  rootMeanSquare,
  type Timestep,
  weightedSum,
} from '../diffusion/index.ts';
import {
  type BranchPredictor,
  type DdsPoint,
  ddsGradient,
  defaultTimestepRange,
  drawTimestep,
  type TimestepRange,
  type TimestepWeighting,
  timestepWeight,
} from '../editing/index.ts';
import { type LossRegion, regionWeights } from './loss-region.ts';

/** Editability driven score distillation, EDSD. */
export interface EdsdSettings {
  /** What stands for the UNet's Jacobian: `-I`, or as an ablation `+I`, which destroys the layout. */
  readonly jacobian: Jacobian;
  /** Slightly edited images a step. */
  readonly batchSize: number;
  /** η: how far a slight edit moves the source, in units of ε. */
  readonly editStepSize: number;
  /** Source-corrected steps that a slight edit takes. */
  readonly edits: number;
  /** w of classifier-free guidance, in all predictions; 1 is none. */
  readonly guidanceScale: number;
  /** ω(t) */
  readonly weighting: TimestepWeighting;
  /** Of t and t'. Default: as for editing, 50 … 948 of 1,000. */
  readonly timesteps?: TimestepRange;
  /** Where the discrepancy counts. */
  readonly region: LossRegion;
  /** Where a slight edit moves the source: `subject` is DDS-SM, `everywhere` DDS-S. There is no direction elsewhere. */
  readonly editRegion: LossRegion;
}

export type Jacobian = '-I' | '+I';

export interface EdsdPoint {
  /** ẑ, [1, channels, height, width]. */
  readonly source: Latents;
  readonly schedule: NoiseSchedule;
  /** M, [height, width] from 0 to 1. */
  readonly mask?: NdArray<'float32'>;
  /** Where the times and the noises come from. */
  readonly key: RandomKey;
}

/** A summand of the surrogate loss: ⟨direction, f_θ(noisy, text, timestep)⟩, f being what the network itself puts out. */
export interface SurrogateTerm {
  /** ẑ_t', [1, channels, height, width]. */
  readonly noisy: Latents;
  readonly timestep: Timestep;
  /** Of the target prompt, or the text that guidance leads away from. */
  readonly text: 'prompt' | 'negative prompt';
  readonly direction: Latents;
}

export interface EdsdEstimate {
  /** ω(t) ‖δ‖², the mean over the region. */
  readonly loss: number;
  /** Root mean square of z̃ − ẑ: how slight the edit is. */
  readonly shift: number;
  readonly terms: readonly SurrogateTerm[];
}

/**
 * Editability driven score distillation (DreamSteerer, arXiv 2410.11208). One step of source-corrected editing makes the slightly
 * edited image a function of θ, and its score under the personalized model should be that of the source under the
 * pre-trained one:
 *
 *     z̃(θ) = ẑ − η M ⊙ [ ε_θ(ẑ_t'; y, t') − ε_φ(ẑ_t'; ŷ, t') ]
 *     L_EDSD = E ω(t) ‖ δ ‖²,   δ = ε(z̃_t; y, t) − ε_φ(ẑ_t; ŷ, t)
 *
 * with the outer network ε = ε_θ held fixed, and M where the edit moves the source. By the chain rule the gradient is,
 * but for the factor 2 η √ᾱ_t,
 *
 *     − ω(t) δᵀ J (M ⊙ ∂ε_θ(ẑ_t'; y, t')/∂θ)
 *
 * J being the outer network's Jacobian, which is not computed: J := −I. This is the gradient of the surrogate
 * ⟨ω(t) M ⊙ δ, ε_θ(ẑ_t'; y, t')⟩, whose terms are returned; δ is a number in it. Descending it draws the personalized
 * prediction on the source to the pre-trained one, and with J := +I drives it away. δ, and the bracket, are gradients
 * of the delta denoising score with the pre-trained model in the source's branch (`ddsGradient`).
 *
 * With several edits each starts where the last ended, and the terms are averaged; that a prediction also depends on θ
 * through the latents it looks at is left out, as the Jacobian is. The surrogate is a mean over elements too.
 * @param predict θ as `target` under y, φ as `source` under ŷ; one item
 * @throws a sentence with the branch and the timestep where a prediction is not finite, or a mask that is needed is missing
 */
export async function estimateEdsd(
  predict: BranchPredictor,
  settings: EdsdSettings,
  { source, schedule, mask, key }: EdsdPoint,
  signal?: AbortSignal,
): Promise<EdsdEstimate> {
  const { edits, editStepSize: η, guidanceScale: w, weighting } = settings;
  const range = settings.timesteps ?? defaultTimestepRange(schedule.alphasCumprod.length);
  const draw = (of: RandomKey, weighting: TimestepWeighting): DdsPoint => ({
    schedule,
    timestep: drawTimestep('uniform', { range, key: of, step: 0, count: 1 }),
    noise: normal(fold(of, 'noise'), source.shape),
    guidanceScale: { target: w, source: w },
    weighting,
  });
  const whereEdited = regionWeights(settings.editRegion, mask, source.shape, 'share');
  const looks: { readonly noisy: Latents; readonly level: NoiseLevel }[] = [];
  let edited = source; // z̃
  for (let edit = 0; edit < edits; edit++) {
    const point = draw(fold(fold(key, 'edit'), edit), 'constant'); // t', ε'
    const level = levelAt(schedule, point.timestep);
    looks.push({ noisy: noiseTo(level, edited, point.noise), level });
    const { gradient } = await ddsGradient(predict, { target: edited, source }, point, signal);
    edited = weightedSum([1, edited], [-η, weighted(whereEdited, gradient)]);
  }

  const point = draw(key, weighting); // t, ε
  const { gradient } = await ddsGradient(predict, { target: edited, source }, point, signal); // ω(t) δ
  const ω = timestepWeight(weighting, levelAt(schedule, point.timestep));
  const share = regionWeights(settings.region, mask, source.shape, 'mean');
  const J = jacobians[settings.jacobian];
  const weights = whereEdited.map((moved, i) => (-J * moved * share[i]!) / edits);
  const direction = weighted(weights, gradient);
  return {
    loss: gradient.data.reduce((sum, value, i) => sum + (share[i]! * value ** 2) / ω, 0),
    shift: rootMeanSquare(weightedSum([1, edited], [-1, source])),
    terms: looks.flatMap(({ noisy, level }) =>
      guidedTexts(w).map(({ text, weight }) => {
        const slope = weight * epsilonSlopes[schedule.predictionType](level);
        return {
          noisy,
          timestep: level.timestep,
          text,
          direction: weightedSum([slope, direction]),
        };
      }),
    ),
  };
}

const jacobians: { readonly [J in Jacobian]: -1 | 1 } = { '-I': -1, '+I': 1 };

/** ε^w = w ε(y) + (1 − w) ε(∅) */
export const guidedTexts = (
  w: number,
): readonly { readonly text: SurrogateTerm['text']; readonly weight: number }[] =>
  w === 1
    ? [{ text: 'prompt', weight: 1 }]
    : [
        { text: 'prompt', weight: w },
        { text: 'negative prompt', weight: 1 - w },
      ];

/** The prompts themselves, in that order. */
export const guidedPrompts = (w: number, prompt: string, negative = ''): readonly string[] =>
  guidedTexts(w).map(({ text }) => (text === 'prompt' ? prompt : negative));

/** ∂ε/∂f at given x_t: ε = α v + σ x_t, ε = (x_t − α x₀)/σ. */
const epsilonSlopes: { readonly [T in PredictionType]: (level: NoiseLevel) => number } = {
  epsilon: () => 1,
  v_prediction: ({ alpha }) => alpha,
  sample: ({ alpha, sigma }) => -alpha / sigma,
};

/** weights ⊙ latents */
const weighted = (weights: Float32Array, { shape, data }: Latents): Latents =>
  ndArray(
    'float32',
    shape,
    data.map((value, i) => weights[i]! * value),
  );
