import { type DdimOptions, ddim } from './ddim.ts';
import { type DdimInverseOptions, ddimInverse } from './ddim-inverse.ts';
import { type DdpmOptions, ddpm } from './ddpm.ts';
import { type DpmSolverPlusPlusOptions, dpmSolverPlusPlus } from './dpm-solver-plus-plus.ts';
import { type EulerOptions, euler } from './euler.ts';
import { type EulerAncestralOptions, eulerAncestral } from './euler-ancestral.ts';
import { type PndmOptions, pndm } from './pndm.ts';
import type { Sampler } from './sampler.ts';

/**
 * Every sampler by name, with what can be chosen about it. A further one is a file in this folder, a line here and
 * one in `samplers`; its cases in the conformance suite's table are the test.
 */
export interface SamplerOptions {
  readonly ddim: DdimOptions;
  readonly 'ddim-inverse': DdimInverseOptions;
  readonly ddpm: DdpmOptions;
  readonly pndm: PndmOptions;
  readonly euler: EulerOptions;
  readonly 'euler-ancestral': EulerAncestralOptions;
  readonly 'dpm-solver++': DpmSolverPlusPlusOptions;
}

export type SamplerName = keyof SamplerOptions;

export const samplers: { readonly [K in SamplerName]: Sampler<SamplerOptions[K]> } = {
  ddim,
  'ddim-inverse': ddimInverse,
  ddpm,
  pndm,
  euler,
  'euler-ancestral': eulerAncestral,
  'dpm-solver++': dpmSolverPlusPlus,
};

/** Whether walks of a sampler from the same latents differ. */
export const isStochastic = <K extends SamplerName>({ name, options }: SamplerSettings<K>): boolean =>
  samplers[name].isStochastic(options);

export const samplerNames = Object.keys(samplers) as readonly SamplerName[];

/** A sampler and its options, as plain data. */
export type SamplerSettings<K extends SamplerName = SamplerName> = {
  readonly [P in K]: { readonly name: P; readonly options: SamplerOptions[P] };
}[K];
