import { type NdArray, Owner } from '../../engine/index.ts';
import {
  type CompiledDenoiser,
  compileDenoiser,
  type GuidanceOptions,
  type HeldModel,
  type Latents,
  type NoiseLevel,
  type NoiseSchedule,
  type Timestep,
} from '../diffusion/index.ts';
import type { Plane } from '../editing/index.ts';
import { addEnergyGradient, compileEnergy, type EnergyGuidance } from './energy-guidance.ts';
import type { FeatureInjection } from './feature-injection.ts';
import type { SpatialGuidance } from './guided-image-settings.ts';
import { compileRecorder, type FeatureRecorder } from './record-features.ts';
import { chooseSelfAttentions, latentSize, specifyFeatures } from './self-attention-features.ts';
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

/** Spatial feature guided sampling (DreamSteerer, arXiv 2410.11208), by the kind of guidance. */
export function compileGuide<K extends SpatialGuidance['kind']>(
  guidance: Extract<SpatialGuidance, { readonly kind: K }>,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  const compile: Guides[K] = guides[guidance.kind as K];
  return compile(guidance, models, options);
}

type Guides = {
  readonly [K in SpatialGuidance['kind']]: (
    guidance: Extract<SpatialGuidance, { readonly kind: K }>,
    models: GuideModels,
    options: GuideOptions,
  ) => Promise<SpatialGuide>;
};

const guides: Guides = {
  async none(_, models, options) {
    const free = await freeDenoiser(models, options);
    return {
      predict: ({ latents, timestep }, _trajectory, signal) => free.denoise(latents, timestep, signal),
      dispose: free.dispose,
    };
  },
  energy: energyGuide,
  injection: injectionGuide,
};

/** The prediction with the energy's gradient added, in the first steps. */
async function energyGuide(
  energy: EnergyGuidance,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  const { personalized, observer, context, sourceContext } = models;
  const { device, unet } = personalized;
  const { shape, schedule, count, subject } = options;
  const names = chooseSelfAttentions(unet.config, latentSize(shape), energy.layers, energy.features);
  const features = specifyFeatures(unet.config, latentSize(shape), context.shape[1]!, names);
  await using owner = new Owner();
  const free = owner.use(await freeDenoiser(models, options));
  const recorder = owner.use(await compileRecorder(device, observer.unet, features, sourceContext, shape));
  const compiled = owner.use(
    await compileEnergy(device, unet, {
      features,
      shape,
      context: firstRow(context),
      subject: energy.subjectMean === 'free' ? subject : undefined,
    }),
  );
  return {
    async predict({ latents, timestep, level, step }, trajectory, signal) {
      const output = await free.denoise(latents, timestep, signal);
      if (step >= stepsUntil(energy.until, count)) return output;
      const source = await recorder.record(trajectory(level), timestep, signal);
      const { gradient: slope } = await compiled.at(latents, timestep, source, signal);
      return addEnergyGradient(output, { latents, level, slope }, energy, schedule);
    },
    dispose: owner.move().dispose,
  };
}

/** The prediction with the source's features in place, of which there are fewer in later steps. */
async function injectionGuide(
  injection: FeatureInjection,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  const { personalized, observer, context, sourceContext } = models;
  const { device, unet } = personalized;
  const { shape, guidance, count } = options;
  const size = latentSize(shape);
  const attention = chooseSelfAttentions(unet.config, size, injection.layers, 'queries and keys');
  const owner = new Owner();
  const phases = new Map<string, Promise<InjectionPhase>>();
  const compilePhase = async (names: readonly string[]): Promise<InjectionPhase> => {
    const features = specifyFeatures(unet.config, size, context.shape[1]!, names);
    return {
      // Late steps have none.
      recorder:
        features.length === 0
          ? undefined
          : owner.use(await compileRecorder(device, observer.unet, features, sourceContext, shape)),
      injected: owner.use(await compileDenoiser(personalized, shape, context, guidance, features)),
    };
  };
  const phaseOf = (step: number) => {
    const names = [
      ...(step < stepsUntil(injection.attentionUntil, count) ? attention : []),
      ...(step < stepsUntil(injection.residualUntil, count) ? injection.residuals : []),
    ];
    const label = names.join();
    if (!phases.has(label)) phases.set(label, compilePhase(names));
    return phases.get(label)!;
  };
  return {
    async predict({ latents, timestep, level, step }, trajectory, signal) {
      const { recorder, injected } = await phaseOf(step);
      const source = (await recorder?.record(trajectory(level), timestep, signal)) ?? {};
      return injected.denoise(latents, timestep, signal, source);
    },
    dispose: owner.dispose,
  };
}

interface InjectionPhase {
  readonly recorder: FeatureRecorder | undefined;
  readonly injected: CompiledDenoiser;
}

const freeDenoiser = (
  { personalized, context }: GuideModels,
  { shape, guidance }: GuideOptions,
): Promise<CompiledDenoiser> => compileDenoiser(personalized, shape, context, guidance);

/** Of `count` steps, how many a share is. */
export const stepsUntil = (share: number, count: number): number => Math.round(share * count);

const firstRow = ({ shape: [rows = 1, ...row], data }: NdArray): NdArray => ({
  dtype: 'float32',
  shape: [1, ...row],
  data: (data as Float32Array).slice(0, data.length / rows),
});
