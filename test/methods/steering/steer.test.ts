import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  flatten,
  fold,
  minimize,
  type NdArray,
  ndArray,
  openDevice,
  randomKey,
  type Tree,
} from '../../../src/engine/index.ts';
import {
  noiseSchedule,
  releaseModel,
  stableDiffusionSchedule,
} from '../../../src/methods/diffusion/index.ts';
import {
  applyLearned,
  type ConceptPlan,
  conceptOfLearned,
  diffusionProblem,
  drawBatch,
  feedFeatures,
  frozenNetworks,
  type LearnedConcept,
  learnedAsLora,
  learnedOfConcept,
  type PersonalizationBase,
  personalizationMethod,
  personalizationPreset,
} from '../../../src/methods/personalization/index.ts';
import {
  type ConceptAppearance,
  defaultConceptAppearance,
  defaultEnergyGuidance,
  defaultGuidedImages,
  defaultSteering,
  type EnergyGuidance,
  type FeatureInjection,
  learnedInMemory,
  loraBeside,
  modeShiftingSource,
  plugAndPlay,
  type SteerEvent,
  type SteeringOptimization,
  type SteeringStep,
} from '../../../src/methods/steering/index.ts';
import { checkSteering, passesPerStep } from '../../../src/methods/steering/steering-settings.ts';
import type { Tokenizer } from '../../../src/networks/clip/index.ts';
import { methodCases } from '../personalization/tiny-pipeline.ts';
import { wholeModel } from '../personalization/whole-model.ts';
import {
  distance,
  leavesOf,
  predictWith,
  runSteer,
  tinyBase,
  tinyConcept,
  tinyMask,
  tinySettings,
  tinySource,
} from './tiny-steering.ts';

let device: Device;
let base: PersonalizationBase;
beforeAll(async () => {
  device = await openDevice('cpu');
  base = await tinyBase(device);
});
afterAll(() => device.close());

const cases = methodCases.filter(([name]) =>
  ['Textual Inversion', 'DreamBooth', 'Custom Diffusion', 'LoRA'].includes(name),
);
const planOf = (wanted: string) => methodCases.find(([name]) => name === wanted)![1];
const dreamBooth = planOf('DreamBooth');
/** Quick to compile. */
const lora = planOf('LoRA');

/** The same networks, taken for ones that predict v. */
const velocityBase = (): PersonalizationBase => {
  const schedule = noiseSchedule({ ...stableDiffusionSchedule, predictionType: 'v_prediction' });
  return { ...base, scheduler: { ...base.scheduler, schedule } };
};

const stepsOf = (events: readonly SteerEvent[]) =>
  events.filter((event): event is SteeringStep => event.kind === 'step');

const images = [1, 2].map((seed) => ({
  ...tinySource,
  data: tinySource.data.map((value) => value / seed),
}));

describe.each(cases)('steering a concept of %s', (_, plan) => {
  it('resumed is the same to the last bit as uninterrupted, and moves all that was learned', async () => {
    const learned = await tinyConcept(base, plan);
    const settings = tinySettings(plan.method.kind);
    const given = { settings, guidedImages: images };
    const whole = await runSteer(base, plan, learned, { ...given, checkpointEvery: (step) => step === 1 });
    const resumed = await runSteer(base, plan, learned, {
      ...given,
      resumeFrom: whole.checkpoint!,
    });
    const [before, after] = [leavesOf(learned), leavesOf(whole.steered.learned)];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [path, values] of leavesOf(resumed.steered.learned)) expect(values).toEqual(after.get(path));
    for (const [path, values] of after) expect(distance(values, before.get(path)!)).toBeGreaterThan(0);
    expect(whole.steered.plan).toEqual(plan);
    expect(() => conceptOfLearned(plan, whole.steered.learned)).not.toThrow();
    expect(stepsOf(whole.events).map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(stepsOf(whole.events).slice(1)).toEqual(stepsOf(resumed.events));
  });

  it('draws its prediction of the source to the pre-trained one with −I, and drives it away with +I', () =>
    expectJacobiansToPull(base, plan));
});

it('a model that predicts velocity is steered in the same directions', () =>
  expectJacobiansToPull(velocityBase(), lora));

async function expectJacobiansToPull(base: PersonalizationBase, plan: ConceptPlan): Promise<void> {
  const learned = await tinyConcept(base, plan, randomKey(6), 0.1);
  const prompt = plan.tokens.length > 0 ? 'the <toy>' : 'the cat';
  const wanted = await predictWith(
    base,
    { method: { kind: 'dreambooth', textEncoder: 'frozen' }, tokens: [] },
    {},
    'the cat',
  );
  const gap = async (of: typeof learned) => distance(await predictWith(base, plan, of, prompt), wanted);
  const before = await gap(learned);
  const steered = async (jacobian: '-I' | '+I') => {
    const settings = tinySettings(plan.method.kind, { modeShifting: 'off' });
    const { edsd, optimization } = settings;
    const rate = 6 * optimization.learningRate * (plan.method.kind === 'dreambooth' ? 4 : 1);
    const { steered: found } = await runSteer(base, plan, learned, {
      settings: {
        ...settings,
        edsd: { ...(edsd as Exclude<typeof edsd, 'off'>), jacobian },
        optimization: { ...optimization, steps: 15, learningRate: rate, tokenLearningRate: 6e-3 },
      },
    });
    return gap(found.learned);
  };
  expect(await steered('-I')).toBeLessThan(0.97 * before);
  expect(await steered('+I')).toBeGreaterThan(1.03 * before);
}

it('a whole model with a word in its own tokenizer is steered and applied as the concept with that word beside', async () => {
  const plan = planOf('DreamBooth with the text encoder and a word');
  const learned = await tinyConcept(base, plan);
  const whole = await learnedOfConcept(wholeModel(plan, learned));
  const run = (concept?: LearnedConcept) =>
    runSteer(base, plan, learned, {
      settings: tinySettings('dreambooth', { subset: loraBeside }),
      ...(concept && { concept }),
    });
  const [own, beside] = [await run(whole), await run()];
  expect(stepsOf(own.events)).toEqual(stepsOf(beside.events));
  expect(own.steered.tokenizer.placeholders.get('<toy>')).toEqual([519]);
  const applied = async ({ steered }: typeof own, tokenizer?: Tokenizer) => {
    const concept = learnedInMemory(steered.plan, steered.learned, tokenizer);
    const personalized = await applyLearned(base, concept);
    const features = await feedFeatures(personalized.model, personalized.tokenizer, ['the <toy>']);
    await releaseModel(personalized.model);
    return features.of(['the <toy>']);
  };
  expect(await applied(own, whole.tokenizer)).toEqual(await applied(beside));
  const { captured } = await learnedAsLora(base.model, own.steered.plan, own.steered.learned, 4);
  expect(captured).toBeGreaterThan(0.1);
});

describe('the loss of steering', () => {
  it.each([
    ['everywhere', 'all', 'ε'],
    ['everywhere', 2, 'ε'],
    ['subject', 'all', 'ε'],
    ['everywhere', 'all', 'v'],
  ] as const)(
    'without EDSD is that of personalization on the guided images: %s, %s rows at a time, of a model of %s',
    async (region, rowsPerPass, predicts) => {
      const own = predicts === 'v' ? velocityBase() : base;
      const learned = await tinyConcept(own, dreamBooth);
      const settings = tinySettings('dreambooth', {
        edsd: 'off',
        modeShifting: { weight: 3, batchSize: 4, region },
      });
      const { events } = await runSteer(own, dreamBooth, learned, {
        settings: { ...settings, optimization: { ...settings.optimization, steps: 1, rowsPerPass } },
        guidedImages: images,
      });
      const [step] = stepsOf(events);

      const { model, tokenizer, scheduler } = own;
      const method = personalizationMethod(dreamBooth, tokenizer);
      const feeds = await feedFeatures(model, tokenizer, ['the cat']);
      const frozen = await frozenNetworks(model);
      const { scalingFactor } = model.vae.config;
      const source = modeShiftingSource(
        { weight: 3, batchSize: 4, region },
        {
          images,
          prompt: 'the cat',
          mask: tinyMask,
          scalingFactor,
          key: fold(fold(randomKey(3), 'steps'), 'mode shifting'),
        },
      );
      const { prompts, ...batch } = drawBatch([source], 0, { schedule: scheduler.schedule, scalingFactor });
      const training = { ...personalizationPreset('dreambooth', 'pocket').training, clipNorm: 1e9 };
      const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config };
      const problem = diffusionProblem({
        networks: { method, configs },
        variables: learned,
        frozen,
        feeds,
        training: { ...training, batchesPerStep: 1 },
        shape: [4, 4, 8, 8],
      });
      const minimizing = minimize(device, problem, {
        steps: 1,
        batch: () => ({ ...batch, prompt: feeds.of(prompts) }),
      });
      const { value } = (await minimizing.next()) as { value: { loss: number; gradientNorm: number } };
      await minimizing.return(undefined as never);
      await frozen.dispose();
      expect(step!.losses.edsd).toBeUndefined();
      expect(3 * step!.losses.modeShifting!).toBeCloseTo(value.loss, 4);
      expect(step!.gradientNorm / value.gradientNorm).toBeCloseTo(1, 4);
    },
  );

  it('is the same in one pass and in several', async () => {
    const learned = await tinyConcept(base, lora);
    const settings = tinySettings('lora');
    const run = async (rowsPerPass: number | 'all') => {
      const optimization = { ...settings.optimization, steps: 1, rowsPerPass };
      const options = { settings: { ...settings, optimization }, guidedImages: images };
      return stepsOf((await runSteer(base, lora, learned, options)).events)[0]!;
    };
    const [one, three] = [await run('all'), await run(2)];
    expect(three.gradientNorm / one.gradientNorm).toBeCloseTo(1, 4);
    expect(three.losses.modeShifting).toBeCloseTo(one.losses.modeShifting!, 5);
    expect(three.losses.edsd).toBe(one.losses.edsd);
    await expect(run(4)).rejects.toThrow('the 6 rows of a step cannot be divided into passes of 4');
  });

  it.each([
    ['SD 1.x', 6, 4, 2],
    ['SD 2.x', 6, 4, 2],
    ['pocket', 1, 1, 1],
  ] as const)(
    'may be one of the two alone, with the usual settings for %s: %i passes, or %i, or %i',
    (preset, both, shifting, edsd) => {
      const usual = defaultSteering('dreambooth', preset);
      const passes = ([{}, { edsd: 'off' }, { modeShifting: 'off' }] as const).map((change) => {
        const settings = { ...usual, ...change };
        checkSteering(settings, 1000);
        return passesPerStep(settings);
      });
      expect(passes).toEqual([both, shifting, edsd]);
    },
  );

  it('of EDSD is 0, and moves nothing, where the concept is the base and nothing is edited', async () => {
    const learned = await tinyConcept(base, dreamBooth, randomKey(6), 0);
    const settings = tinySettings('dreambooth', { modeShifting: 'off' });
    const edsd = { ...(settings.edsd as Exclude<typeof settings.edsd, 'off'>), editStepSize: 0 };
    const { steered, events } = await runSteer(base, dreamBooth, learned, {
      settings: { ...settings, edsd },
    });
    for (const { losses, gradientNorm } of stepsOf(events)) {
      expect(losses.edsd).toBe(0);
      expect(gradientNorm).toBe(0);
    }
    const before = leavesOf(learned);
    for (const [path, values] of leavesOf(steered.learned)) expect(values).toEqual(before.get(path));
  });

  it('takes guidance inside, and several edits', async () => {
    const learned = await tinyConcept(base, lora);
    const settings = tinySettings('lora', { modeShifting: 'off' });
    const usual = settings.edsd as Exclude<typeof settings.edsd, 'off'>;
    const step = async (change: Partial<typeof usual>, rowsPerPass: number | 'all' = 'all') => {
      const optimization = { ...settings.optimization, steps: 1, rowsPerPass };
      const edsd = { ...usual, batchSize: 1, ...change };
      const { events } = await runSteer(base, lora, learned, {
        settings: { ...settings, edsd, optimization },
      });
      return stepsOf(events)[0]!;
    };
    const both = { guidanceScale: 3, edits: 2 };
    const [together, apart] = [await step(both), await step(both, 1)];
    expect(apart.gradientNorm / together.gradientNorm).toBeCloseTo(1, 4);
    expect(apart.losses.edsd).toBe(together.losses.edsd);
    const plain = await step({ edits: 2 });
    expect(together.losses.edsd! / plain.losses.edsd!).not.toBeCloseTo(1, 2);
  });
});

describe('steering', () => {
  const settings = () => tinySettings('dreambooth', { modeShifting: 'off' });

  it.each([
    ['keys and values', /\.attn2\.to_[kv]\./],
    ['cross-attention', /\.attn2\./],
    ['attention', /\.attn[12]\./],
  ] as const)('of %s moves these, and no bit of the others or of the base', async (layers, pattern) => {
    const learned = await tinyConcept(base, dreamBooth);
    const unet = (await base.model.unet.parameters.read()) as Tree<NdArray>;
    const subset = { kind: 'learned', part: 'all', layers } as const;
    const { steered } = await runSteer(base, dreamBooth, learned, { settings: { ...settings(), subset } });
    const before = leavesOf(learned);
    for (const [path, values] of leavesOf(steered.learned)) {
      expect(distance(values, before.get(path)!) > 0).toBe(pattern.test(path));
    }
    const after = new Map(flatten<NdArray>((await base.model.unet.parameters.read()) as Tree<NdArray>));
    for (const [path, { data }] of flatten<NdArray>(unet)) expect(after.get(path)!.data).toEqual(data);
  });

  it.each([
    ['words', /^tokens\./],
    ['networks', /^(unet|textEncoder)\./],
  ] as const)('of the %s leaves the rest of a concept as it was learned', async (part, pattern) => {
    const plan = planOf('LoRA of everything with a word');
    const learned = await tinyConcept(base, plan);
    const subset = { kind: 'learned', part, layers: 'all' } as const;
    const { steered } = await runSteer(base, plan, learned, { settings: { ...settings(), subset } });
    const before = leavesOf(learned);
    for (const [path, values] of leavesOf(steered.learned)) {
      expect(distance(values, before.get(path)!) > 0).toBe(pattern.test(path));
    }
  });

  it('makes guided images by the concept, those that are missing of them, and learns from them and from the source', async () => {
    const plan = planOf('LoRA of everything with a word');
    const learned = await tinyConcept(base, plan);
    const { events, steered } = await runSteer(base, plan, learned, { settings: tinySettings('lora') });
    const made = events.filter((event) => event.kind === 'guided image');
    expect(made.map(({ latents }) => latents)).toEqual(steered.guidedImages);
    expect(events.filter(({ kind }) => kind === 'guiding').length).toBe(4);
    const rest = await runSteer(base, plan, learned, {
      settings: tinySettings('lora'),
      guidedImages: steered.guidedImages.slice(0, 1),
    });
    expect(rest.events.filter(({ kind }) => kind === 'guided image')).toEqual([made[1]]);
    expect(rest.steered.guidedImages).toEqual(steered.guidedImages);
    for (const { losses, shift } of stepsOf(events)) {
      expect(losses.edsd).toBeGreaterThan(0);
      expect(losses.modeShifting).toBeGreaterThan(0);
      expect(shift).toBeGreaterThan(0);
    }
  });

  it('stops between two steps when its signal is aborted, with the reason', async () => {
    const learned = await tinyConcept(base, lora);
    const controller = new AbortController();
    const seen: SteerEvent[] = [];
    const onEvent = (event: SteerEvent) => {
      seen.push(event);
      if (event.kind === 'step') controller.abort(new Error('enough'));
    };
    const options = { settings: settings(), signal: controller.signal };
    await expect(runSteer(base, lora, learned, options, onEvent)).rejects.toThrow('enough');
    expect(stepsOf(seen)).toHaveLength(1);
  });

  it('says at which step numbers are not finite', async () => {
    const learned = structuredClone(await tinyConcept(base, lora));
    for (const values of leavesOf(learned).values()) values[0] = Number.NaN;
    await expect(runSteer(base, lora, learned, { settings: settings() })).rejects.toThrow(
      /steer, step 1 of 3: ddsGradient at timestep \d+: the target branch predicts \d+ of 256 values that are not finite/,
    );
  });

  const guidedBy = (change: Partial<EnergyGuidance>) => ({
    ...defaultGuidedImages,
    guidance: { ...defaultEnergyGuidance, ...change },
  });

  const injecting = (change: Partial<FeatureInjection>) => ({
    ...defaultGuidedImages,
    guidance: { ...plugAndPlay, ...change },
  });

  const optimizedWith = (change: Partial<SteeringOptimization>) => ({
    optimization: { ...tinySettings('dreambooth').optimization, ...change },
  });

  const shownBy = (change: Partial<ConceptAppearance>) => ({
    guidedImages: { ...defaultGuidedImages, appearance: { ...defaultConceptAppearance, ...change } },
  });

  it.each([
    [{ edsd: 'off', modeShifting: 'off' }, 'both losses are off'],
    [{ subset: { kind: 'learned', part: 'words', layers: 'all' } }, 'none of that is among words'],
    [
      { modeShifting: { weight: 0, batchSize: 4, region: 'everywhere' } },
      'modeShifting.weight is a finite number above 0',
    ],
    [
      { guidedImages: guidedBy({ features: 'probabilities', subjectMean: 'free' }) },
      'probabilities have no mean of the subject to be free',
    ],
    [{ guidedImages: guidedBy({ until: 2 }) }, 'guidance.until is a finite number in [0, 1]'],
    [
      { guidedImages: injecting({ attentionUntil: Number.NaN }) },
      'guidance.attentionUntil is a finite number in [0, 1]',
    ],
    [
      { guidedImages: injecting({ residualUntil: 5 }) },
      'guidance.residualUntil is a finite number in [0, 1], got 5',
    ],
    [optimizedWith({ learningRate: -1 }), 'optimization.learningRate is a finite number ≥ 0'],
    [optimizedWith({ clipNorm: 0 }), 'optimization.clipNorm is a finite number above 0'],
    [shownBy({ drawings: 0 }), 'appearance.drawings is a whole number ≥ 1'],
    [shownBy({ temperature: 0 }), 'appearance.temperature is a finite number above 0'],
    [shownBy({ times: [] }), 'appearance.times are one or more shares of the schedule'],
    [shownBy({ times: [0.1, 2] }), 'appearance.times is a finite number in [0, 1], got 2'],
  ] as const)('refuses settings that make no sense, with a sentence', async (change, sentence) => {
    const learned = await tinyConcept(base, dreamBooth);
    const own = { ...tinySettings('dreambooth'), ...change };
    await expect(runSteer(base, dreamBooth, learned, { settings: own })).rejects.toThrow(sentence);
  });

  it.each([
    [{ guidedImages: [ndArray('float32', [1, 4, 2, 2], new Float32Array(16))] }, 'as large as the source'],
    [{ mask: ndArray('float32', [2, 2], new Float32Array(4)) }, 'the mask is as large as the latents'],
  ])(
    'refuses guided images and masks that do not fit, before anything is computed',
    async (wrong, sentence) => {
      const learned = await tinyConcept(base, dreamBooth);
      const own = tinySettings('dreambooth', {
        modeShifting: { weight: 1, batchSize: 4, region: 'subject' },
      });
      await expect(runSteer(base, dreamBooth, learned, { settings: own, ...wrong })).rejects.toThrow(
        sentence,
      );
    },
  );

  it('refuses a source that is not one picture', async () => {
    const learned = await tinyConcept(base, dreamBooth);
    const source = ndArray('float32', [2, 4, 8, 8], new Float32Array(512));
    await expect(runSteer(base, dreamBooth, learned, { settings: settings(), source })).rejects.toThrow(
      'the source is [1, channels, height, width], got [2, 4, 8, 8]',
    );
  });
});
