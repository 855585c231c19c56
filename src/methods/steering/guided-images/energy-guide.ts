import { type NdArray, Owner } from '../../../engine/index.ts';
import { addEnergyGradient, compileEnergy, type EnergyGuidance } from './energy-guidance.ts';
import { compileRecorder } from './record-features.ts';
import { chooseSelfAttentions, latentSize, specifyFeatures } from './self-attention-features.ts';
import {
  freeDenoiser,
  type GuideModels,
  type GuideOptions,
  type SpatialGuide,
  stepsUntil,
} from './spatial-guide.ts';

/** The prediction with the energy's gradient added, in the first steps. */
export async function energyGuide(
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

const firstRow = ({ shape: [rows = 1, ...row], data }: NdArray): NdArray => ({
  dtype: 'float32',
  shape: [1, ...row],
  data: (data as Float32Array).slice(0, data.length / rows),
});
