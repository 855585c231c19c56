import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Device,
  fold,
  type NdArray,
  normal,
  openDevice,
  randomKey,
  type StateLeaf,
  type Tree,
} from '../../../src/engine/index.ts';
import {
  compileDenoiser,
  convertPrediction,
  guidedContext,
  type HeldModel,
  type Latents,
  levelAt,
  noiseSchedule,
  noiseTo,
  type PromptedModel,
  releaseModel,
  stableDiffusionSchedule,
  timestep,
} from '../../../src/methods/diffusion/index.ts';
import {
  type Learned,
  personalizationMethod,
  personalizedModel,
} from '../../../src/methods/personalization/index.ts';
import { probeDrift } from '../../../src/methods/personalization/training/class-drift.ts';
import { encodePrompts } from '../../../src/networks/clip/index.ts';
import { tinyConcept } from '../steering/tiny-steering.ts';
import { holdTiny, methodCases, tinyScheduler } from './tiny-pipeline.ts';

let device: Device;
let base: PromptedModel;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await holdTiny(device);
});
afterAll(() => device.close());

const key = randomKey(4);
const latents = normal(fold(key, 'latents'), [1, 4, 8, 8]);
const times = [200, 400, 599, 799];

test.each(['epsilon', 'v_prediction', 'sample'] as const)(
  'drift is that of ε, whatever the model predicts: %s',
  async (predictionType) => {
    const schedule = noiseSchedule({ ...stableDiffusionSchedule, predictionType });
    const { model, tokenizer } = base;
    const [, plan] = methodCases.find(([name]) => name === 'LoRA')!;
    const learned = await tinyConcept({ ...base, scheduler: tinyScheduler }, plan, randomKey(6), 0.1);
    const state = await device.hold(learned as Tree<NdArray>);
    const references = state.references() as unknown as Learned<StateLeaf>;
    const method = personalizationMethod(plan, tokenizer);
    const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config };
    const networks = { configs, method };
    const probe = await probeDrift(model, { networks, tokenizer, schedule, prompt: 'the cat', latents, key });
    const drift = await probe.measure(references);

    const personalized = await personalizedModel(model, method, references);
    const context = await guidedContext(model, encodePrompts(tokenizer, ['the cat']), 1);
    const predictionsOf = async (asked: HeldModel): Promise<readonly number[]> => {
      const { denoise, dispose } = await compileDenoiser(asked, latents.shape, context, { guidanceScale: 1 });
      const epsilons: Latents[] = [];
      for (const t of times) {
        const level = levelAt(schedule, t);
        const noisy = noiseTo(level, latents, normal(fold(key, t), latents.shape));
        const output = await denoise(noisy, timestep(t));
        const types = { from: predictionType, to: 'epsilon' } as const;
        epsilons.push(convertPrediction(output, types, noisy, level));
      }
      await dispose();
      return epsilons.flatMap(({ data }) => [...data]);
    };
    const [ours, theirs] = [await predictionsOf(personalized), await predictionsOf(model)];
    const norm = (values: readonly number[]) => Math.hypot(...values);
    const expected = norm(ours.map((value, i) => value - theirs[i]!)) / norm(theirs);
    expect(drift).toBeGreaterThan(0.001);
    expect(drift / expected).toBeCloseTo(1, 4);
    await probe.dispose();
    await releaseModel(personalized);
    await state.dispose();
  },
  60_000,
);
