import type { NdArray } from '../../../engine/index.ts';
import {
  type CompiledDenoiser,
  compileDenoiser,
  type GuidanceOptions,
  type HeldModel,
  type Latents,
  type NoiseLevel,
  type NoiseSchedule,
  type Timestep,
} from '../../diffusion/index.ts';
import type { Plane } from '../../editing/index.ts';
import type { SourceTrajectory } from './source-trajectory.ts';

/** Who samples, and who looks at the source. */
export interface GuideModels {
  /** θ, whose pictures are sampled. */
  readonly personalized: HeldModel;
  /** Whose features the source's are: θ or φ. */
  readonly observer: HeldModel;
  /** Of the target prompt for θ, from `guidedContext`: [1 or 2, tokens, size]. */
  readonly context: NdArray;
  /** Under which the observer looks at the source, [1, tokens, size]. */
  readonly sourceContext: NdArray;
}

export interface GuideOptions {
  /** Of the latents, [1, channels, height, width]. */
  readonly shape: readonly number[];
  readonly schedule: NoiseSchedule;
  readonly guidance: GuidanceOptions;
  /** Steps that are walked. */
  readonly count: number;
  /** M, as large as the latents, where there is one. */
  readonly subject: Plane | undefined;
}

/** The prediction at a step of sampling, guided by the source there. */
export interface SpatialGuide {
  predict(at: GuidedPoint, trajectory: SourceTrajectory, signal?: AbortSignal): Promise<Latents>;
  dispose(): Promise<void>;
}

export interface GuidedPoint {
  readonly latents: Latents;
  readonly timestep: Timestep;
  readonly level: NoiseLevel;
  /** 0 … count − 1 */
  readonly step: number;
}

/** The prediction that nothing guides but the prompt. */
export const freeDenoiser = (
  { personalized, context }: GuideModels,
  { shape, guidance }: GuideOptions,
): Promise<CompiledDenoiser> => compileDenoiser(personalized, shape, context, guidance);

/** Of `count` steps, how many a share is. */
export const stepsUntil = (share: number, count: number): number => Math.round(share * count);
