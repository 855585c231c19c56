import type { Latents, Timestep } from '../../diffusion/index.ts';

/** DDS compares two predictions: of the latents being edited under the new prompt, of the source under its own. */
export type BranchName = 'target' | 'source';

export type Branches<T> = { readonly [B in BranchName]: T };

/** Both in the model's prediction type, shaped like the latents. */
export interface BranchAnswer {
  readonly conditional: Latents;
  /** Under the prompt that guidance leads away from; absent where a branch was given none. */
  readonly unconditional?: Latents;
}

/**
 * What both branches' models answer at x_t, everything but the latents decided. Guidance is not applied yet: it may
 * change from step to step. `compileBranches` makes one of networks on a device.
 */
export type BranchPredictor = (
  noisy: Branches<Latents>,
  timestep: Timestep,
  signal?: AbortSignal,
) => Promise<Branches<BranchAnswer>>;
