import { Owner } from '../../../engine/index.ts';
import { type CompiledDenoiser, compileDenoiser } from '../../diffusion/index.ts';
import { compileRecorder, type FeatureRecorder } from './record-features.ts';
import {
  chooseSelfAttentions,
  type LayerChoice,
  latentSize,
  specifyFeatures,
} from './self-attention-features.ts';
import type { SourceNoise } from './source-trajectory.ts';
import { type GuideModels, type GuideOptions, type SpatialGuide, stepsUntil } from './spatial-guide.ts';

/** Plug-and-Play (Tumanyan et al. 2023, arXiv 2211.12572, section 4): the source's features in the place of one's own. */
export interface FeatureInjection {
  readonly kind: 'injection';
  /** Who looks at the source, under the empty prompt. */
  readonly featuresOf: 'personalized' | 'pre-trained';
  readonly sourceNoise: SourceNoise;
  /** Self-attentions whose queries and keys are injected. */
  readonly layers: LayerChoice;
  /** The share of the steps in which they are, from the first on: 0 to 1. */
  readonly attentionUntil: number;
  /** Further features that are injected, by name: residuals of resnets, or outputs. */
  readonly residuals: readonly string[];
  /** The share of the steps in which these are, from the first on: 0 to 1. */
  readonly residualUntil: number;
}

/** The prediction with the source's features in place, of which there are fewer in later steps. */
export async function injectionGuide(
  injection: FeatureInjection,
  models: GuideModels,
  options: GuideOptions,
): Promise<SpatialGuide> {
  const { personalized, observer, context, sourceContext } = models;
  const { device, unet } = personalized;
  const { shape, guidance, count } = options;
  const size = latentSize(shape);
  const attention = chooseSelfAttentions(unet.config, size, injection.layers, 'queries and keys');
  specifyFeatures(unet.config, size, context.shape[1]!, injection.residuals); // before anything is drawn
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
