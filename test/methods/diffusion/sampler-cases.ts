import type { SamplerName, SamplerSettings } from '../../../src/methods/diffusion/index.ts';

/** What the conformance suite expects of a sampler on Gaussian data with the Stable Diffusion schedule. */
export type SamplerCase<K extends SamplerName = SamplerName> = {
  readonly title: string;
  readonly settings: SamplerSettings<K>;
} & (Deterministic | Stochastic);

interface Deterministic {
  readonly kind: 'deterministic';
  /** Largest distance from the exact solution of the ODE at 250 steps; latents are about 2. */
  readonly errorAt250: number;
  /** By how much the error falls, at least, from the first number of steps to the second. */
  readonly fallsBy: readonly [from: number, to: number, factor: number];
  /** Euler's last step jumps from the smallest σ to 0 whatever the number of steps; it is judged before that. */
  readonly judged: 'at the end' | 'before the last step';
  /** Largest distance between ε and v trajectories of 50 steps. */
  readonly epsilonAgainstV: number;
  /** Calls of the denoiser for 20 steps. */
  readonly callsFor20: number;
}

interface Stochastic {
  readonly kind: 'stochastic';
  /** Largest error of mean and standard deviation of 20,000 elements after 250 steps; sampling error is 0.006. */
  readonly errorAt250: number;
}

const leading = { timestepSpacing: 'leading', stepsOffset: 1 } as const;
const linspace = { timestepSpacing: 'linspace', stepsOffset: 0 } as const;
const unclipped = { clipRange: Number.POSITIVE_INFINITY } as const;
const multistep = {
  ...linspace,
  order: 2,
  solver: 'midpoint',
  lowerOrderFinal: true,
  sigmas: 'schedule',
  finalLevel: 'first-timestep',
  lowestLambda: Number.NEGATIVE_INFINITY,
} as const;

/** One step converts ε to v and back in float32: the trajectories drift apart by rounding only. */
const deterministic = {
  kind: 'deterministic',
  judged: 'at the end',
  epsilonAgainstV: 1e-4,
  callsFor20: 20,
} as const;
const firstOrder = { ...deterministic, fallsBy: [50, 100, 1.85] } as const;

export const samplerCases: { readonly [K in SamplerName]: readonly SamplerCase<K>[] } = {
  ddim: [
    {
      ...firstOrder,
      title: 'DDIM',
      settings: { name: 'ddim', options: { ...leading, ...unclipped, eta: 0 } },
      errorAt250: 0.011,
    },
    {
      title: 'DDIM with eta 1',
      settings: { name: 'ddim', options: { ...leading, ...unclipped, eta: 1 } },
      kind: 'stochastic',
      errorAt250: 0.03,
    },
  ],
  'ddim-inverse': [
    {
      ...firstOrder,
      title: 'DDIM inversion',
      settings: { name: 'ddim-inverse', options: { ...leading, ...unclipped } },
      errorAt250: 0.021,
    },
  ],
  ddpm: [
    {
      title: 'DDPM',
      settings: { name: 'ddpm', options: { ...leading, ...unclipped, variance: 'fixed_small' } },
      kind: 'stochastic',
      errorAt250: 0.03,
    },
    {
      title: 'DDPM with the larger variance',
      settings: { name: 'ddpm', options: { ...leading, ...unclipped, variance: 'fixed_large' } },
      kind: 'stochastic',
      errorAt250: 0.03,
    },
  ],
  pndm: [
    {
      ...deterministic,
      title: 'PNDM',
      settings: { name: 'pndm', options: { ...leading, warmup: 'repeated-step' } },
      errorAt250: 3e-4,
      fallsBy: [100, 200, 3],
      judged: 'before the last step',
      epsilonAgainstV: 0.06,
      callsFor20: 21,
    },
    {
      ...deterministic,
      title: 'PNDM with Runge-Kutta warm-up',
      settings: { name: 'pndm', options: { ...leading, warmup: 'runge-kutta' } },
      errorAt250: 3e-4,
      fallsBy: [100, 200, 3],
      judged: 'before the last step',
      epsilonAgainstV: 0.06,
      callsFor20: 29,
    },
  ],
  euler: [
    {
      ...firstOrder,
      title: 'Euler',
      settings: { name: 'euler', options: { ...linspace, sigmas: 'schedule' } },
      errorAt250: 0.012,
      judged: 'before the last step',
    },
    {
      ...firstOrder,
      title: 'Euler with Karras sigmas',
      settings: { name: 'euler', options: { ...linspace, sigmas: 'karras' } },
      errorAt250: 0.011,
      judged: 'before the last step',
    },
  ],
  'euler-ancestral': [
    {
      title: 'Euler ancestral',
      settings: { name: 'euler-ancestral', options: linspace },
      kind: 'stochastic',
      errorAt250: 0.03,
    },
  ],
  'dpm-solver++': [
    {
      ...firstOrder,
      title: 'DPM-Solver++ of order 1',
      settings: { name: 'dpm-solver++', options: { ...multistep, order: 1 } },
      errorAt250: 0.012,
    },
    {
      ...deterministic,
      title: 'DPM-Solver++ 2M',
      settings: { name: 'dpm-solver++', options: multistep },
      errorAt250: 0.003,
      fallsBy: [100, 200, 3],
    },
    {
      ...deterministic,
      title: 'DPM-Solver++ 2M (Heun)',
      settings: { name: 'dpm-solver++', options: { ...multistep, solver: 'heun' } },
      errorAt250: 0.004,
      fallsBy: [100, 200, 3],
    },
    {
      ...deterministic,
      title: 'DPM-Solver++ 2M with Karras timesteps',
      settings: { name: 'dpm-solver++', options: { ...multistep, sigmas: 'karras' } },
      errorAt250: 4e-4,
      fallsBy: [20, 40, 3.5],
    },
    {
      ...deterministic,
      title: 'DPM-Solver++ 2M with Karras timesteps down to no noise',
      settings: { name: 'dpm-solver++', options: { ...multistep, sigmas: 'karras', finalLevel: 'zero' } },
      errorAt250: 0.001,
      fallsBy: [20, 40, 3.5],
    },
  ],
};
