/** How β_t grows over training, and what has to be said about it. */
interface BetaParameters {
  readonly 'scaled-linear': Ends;
  readonly linear: Ends;
  readonly cosine: object;
  readonly given: { readonly values: readonly number[] };
}

/** β_0 and β_{T−1}. */
interface Ends {
  readonly start: number;
  readonly end: number;
}

export type BetaCurve<K extends keyof BetaParameters = keyof BetaParameters> = {
  readonly [P in K]: { readonly kind: P } & BetaParameters[P];
}[K];

/**
 * β_0 … β_{T−1} in float32, as models are trained with them.
 * @throws if T is not a positive whole number, or a β lies outside (0, 1).
 */
export function betas<K extends keyof BetaParameters>(
  curve: BetaCurve<K>,
  trainTimesteps: number,
): Float32Array {
  if (!Number.isSafeInteger(trainTimesteps) || trainTimesteps < 1) {
    throw new Error(`betas: the number of training timesteps is a whole number ≥ 1, got ${trainTimesteps}`);
  }
  const values = curves[curve.kind](curve, trainTimesteps);
  const wrong = values.findIndex((β) => !(β > 0 && β < 1));
  if (wrong >= 0) {
    throw new Error(`betas: each β lies between 0 and 1, got ${values[wrong]} at timestep ${wrong}`);
  }
  return values;
}

/**
 * The β whose last ᾱ is 0: √ᾱ is shifted to end at 0 and scaled to keep its first value
 * (Lin, Liu, Li, Yang: Common Diffusion Noise Schedules and Sample Steps Are Flawed, 2023, algorithm 1).
 */
export function rescaleToZeroTerminalSnr(betas: Float32Array): Float32Array {
  const root = cumulativeAlphas(betas).map(Math.sqrt);
  const first = root[0]!;
  const last = root[root.length - 1]!;
  const ᾱ = Float64Array.from(root, (value) => (((value - last) * first) / (first - last)) ** 2);
  return Float32Array.from(ᾱ, (value, t) => 1 - (t === 0 ? value : value / ᾱ[t - 1]!));
}

/** ᾱ_t = Π_{s ≤ t} (1 − β_s), [T]; each factor and each result rounded to float32, as in training. */
export function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((β) => {
    product *= Math.fround(1 - β);
    return product;
  });
}

const curves: {
  readonly [K in keyof BetaParameters]: (
    parameters: BetaParameters[K],
    trainTimesteps: number,
  ) => Float32Array;
} = {
  // Linear in √β: Rombach et al. 2022 (latent diffusion).
  'scaled-linear': ({ start, end }, T) =>
    linear(Math.sqrt(start), Math.sqrt(end), T).map((root) => root ** 2),
  // Ho, Jain, Abbeel 2020, section 4.
  linear: ({ start, end }, T) => linear(start, end, T),
  // Nichol, Dhariwal 2021, equation 17: β_t = 1 − ᾱ_{t+1}/ᾱ_t, no more than 0.999.
  cosine: (_, T) =>
    Float32Array.from({ length: T }, (_, t) =>
      Math.min(1 - cosineAlphaBar((t + 1) / T) / cosineAlphaBar(t / T), 0.999),
    ),
  given: ({ values }, T) => {
    if (values.length === T) return Float32Array.from(values);
    throw new Error(`betas: ${T} training timesteps need ${T} values, got ${values.length}`);
  },
};

/** At 0 ≤ u ≤ 1 of the training time. */
const cosineAlphaBar = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;

/**
 * As PyTorch counts it, to the last bit, since models are trained on these values: in float32 from both ends to the
 * middle, in groups of eight (a vector register), each group from its first value.
 */
function linear(start: number, end: number, count: number): Float32Array {
  const first = Math.fround(start);
  const last = Math.fround(end);
  const step = count === 1 ? 0 : Math.fround(Math.fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) => {
    const group = i - (i % 8);
    const base = group < Math.floor(count / 2) ? first + step * group : last - step * (count - 1 - group);
    return Math.fround(base) + step * (i - group);
  });
}
