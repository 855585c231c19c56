import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type Device,
  flatten,
  type NdArray,
  openDevice,
  type Tree,
  zeros,
} from '../../../src/engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../src/files/checkpoints/index.ts';
import type { PromptedModel } from '../../../src/methods/diffusion/index.ts';
import {
  type ConceptPlan,
  type Personalized,
  type PersonalizeEvent,
  type PersonalizeOptions,
  personalize,
  type TrainingSettings,
} from '../../../src/methods/personalization/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { holdTiny, methodCases, readLeaves, tinyPicture, tinyScheduler } from './tiny-pipeline.ts';

// Compiling a training step takes a second or two, on a busy machine many.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = temporaryFolder();
let device: Device;
let base: PromptedModel;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await holdTiny(device);
});
afterAll(() => device.close());

const training: TrainingSettings = {
  steps: 4,
  learningRate: 1e-3,
  tokenLearningRate: 1e-2,
  textEncoderLearningRate: 1e-3,
  warmupSteps: 2,
  weightDecay: 1e-2,
  clipNorm: 1,
  batchSize: 2,
  batchesPerStep: 1,
  prior: { kind: 'none' },
  augmentation: 'flip',
  wordings: 'several',
  crop: 'centre',
  averageDecay: 'none',
  compute: 'float32',
  activations: 'keep',
};

const optionsFor = (plan: ConceptPlan, extra: Partial<PersonalizeOptions> = {}): PersonalizeOptions => ({
  concept: { ...plan, phrase: plan.tokens.length > 0 ? '<toy> cat' : 'sks cat', classWord: 'cat' },
  references: [{ picture: tinyPicture(1) }, { picture: tinyPicture(2, [20, 30]) }],
  training,
  size: 16,
  seed: 7,
  ...extra,
});

/** Checkpoints are read as they come; the first is written down where that is asked for. */
async function run(options: PersonalizeOptions, file?: string) {
  const events: PersonalizeEvent[] = [];
  const walk = personalize({ ...base, scheduler: tinyScheduler }, options);
  let next = await walk.next();
  const states: Tree<NdArray>[] = [];
  for (; !next.done; next = await walk.next()) {
    events.push(next.value);
    if (next.value.kind !== 'checkpoint') continue;
    if (file !== undefined && states.length === 0) await writeTrainingState(file, next.value.state);
    states.push(await readLeaves(next.value.state));
  }
  return { events, states, ...(next.value as Personalized) };
}

const of = <K extends PersonalizeEvent['kind']>(events: readonly PersonalizeEvent[], kind: K) =>
  events.filter((event): event is Extract<PersonalizeEvent, { kind: K }> => event.kind === kind);

const leaves = (tree: unknown) => new Map(flatten<NdArray>(tree as Tree<NdArray>));

const plans = Object.fromEntries(methodCases);
const fullPlans = ['Textual Inversion of three vectors', 'DreamBooth', 'Custom Diffusion', 'LoRA'] as const;

describe.each(fullPlans)('personalizing by %s', (name) => {
  const plan = plans[name]!;
  const prior = name === 'Custom Diffusion' || name === 'DreamBooth';
  const options = optionsFor(plan, {
    training: {
      ...training,
      ...(prior && { prior: { kind: 'preserve', pictures: 2, weight: 0.5, batchSize: 1 } }),
      ...(name === 'LoRA' && { batchesPerStep: 2, averageDecay: 0.9 }),
      ...(name === 'Custom Diffusion' && { augmentation: 'flip and rescale' }),
    },
    classPictures: [
      { picture: tinyPicture('class') },
      { picture: tinyPicture('another'), caption: 'the cat' },
    ],
    checkpointEvery: 2,
  });

  test('stopped, written down, read and resumed, gives the same bits as never stopped', async () => {
    const path = folder.path(`${name.replaceAll(' ', '-')}.safetensors`);
    const whole = await run(options, path);
    expect(of(whole.events, 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(of(whole.events, 'checkpoint').map(({ step }) => step)).toEqual([2, 4]);
    const resumed = await run({ ...options, resumeFrom: await readTrainingState(path) });
    expect(of(resumed.events, 'step').map(({ step }) => step)).toEqual([3, 4]);
    expect(leaves(resumed.states.at(-1))).toEqual(leaves(whole.states.at(-1)));
    expect(leaves(resumed.learned)).toEqual(leaves(whole.learned));
  });
});

describe('personalize', () => {
  test('lowers the loss, says how far the class word has drifted, and shows the concept', async () => {
    const { events, learned } = await run(
      optionsFor(plans.DreamBooth!, {
        training: { ...training, steps: 40, learningRate: 3e-3, wordings: 'one', augmentation: 'none' },
        references: [{ picture: tinyPicture(1), caption: 'the {}' }],
        driftEvery: 20,
        samples: { every: 40, steps: 2, guidanceScale: 1, prompts: ['the sks cat', 'the cat'] },
      }),
    );
    const losses = of(events, 'step').map(({ loss }) => loss);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.8 * mean(losses.slice(0, 10)));
    const [early, late] = of(events, 'drift').map(({ drift }) => drift);
    expect(early).toBeGreaterThan(0.01);
    expect(late).toBeGreaterThan(early!);
    const samples = of(events, 'sample');
    expect(samples.map(({ step, prompt }) => [step, prompt])).toEqual([
      [40, 'the sks cat'],
      [40, 'the cat'],
    ]);
    expect(samples[0]!.picture.pixels).not.toEqual(samples[1]!.picture.pixels);
    expect(leaves(learned).has('unet.conv_in.weight')).toBe(true);
  });

  test('has not drifted before it learns', async () => {
    const { events } = await run(
      optionsFor(plans['LoRA of everything with a word']!, {
        training: {
          ...training,
          learningRate: 0,
          tokenLearningRate: 0,
          textEncoderLearningRate: 0,
          steps: 1,
        },
        driftEvery: 1,
      }),
    );
    expect(of(events, 'drift')[0]!.drift).toBeLessThan(1e-6);
  });

  test('makes the class pictures that are missing, the same every time', async () => {
    const options = optionsFor(plans['Custom Diffusion']!, {
      training: { ...training, steps: 1, prior: { kind: 'preserve', pictures: 3, weight: 1, batchSize: 2 } },
      generation: { steps: 2, guidanceScale: 2 },
    });
    const first = await run(options);
    const made = of(first.events, 'class-picture');
    expect(made.map(({ index, of }) => [index, of])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    const second = await run({ ...options, classPictures: made.slice(0, 2) });
    expect(of(second.events, 'class-picture').map(({ index }) => index)).toEqual([2]);
    expect(leaves(second.learned)).toEqual(leaves(first.learned));
  });

  test('trains in float16, and with recomputed activations to the same', async () => {
    const plan = plans['Custom Diffusion']!;
    const [whole, recomputed, half] = await Promise.all(
      [{}, { activations: 'recompute' }, { compute: 'float16' }].map((extra) =>
        run(
          optionsFor(plan, { training: { ...training, steps: 2, ...(extra as Partial<TrainingSettings>) } }),
        ),
      ),
    );
    const loss = (result: typeof whole) =>
      of(result!.events, 'step').filter(({ update }) => update === 'applied')[1]!.loss;
    expect(loss(recomputed)).toBeCloseTo(loss(whole), 5);
    expect(loss(half) / loss(whole)).toBeCloseTo(1, 1);
  });

  test('stops at the step whose loss is not a number, and names it', async () => {
    const walk = run(
      optionsFor(plans.DreamBooth!, { training: { ...training, learningRate: 1e30, steps: 4 } }),
    );
    await expect(walk).rejects.toThrow(/At step \d the (loss|norm of the gradients) is/);
  });

  describe('aborted', () => {
    /** Kinds of the events that come after `when`, until it throws what it was stopped by. */
    const afterAborting = async (
      when: PersonalizeEvent['kind'],
      plan: ConceptPlan,
      extra: Partial<PersonalizeOptions> = {},
    ) => {
      const controller = new AbortController();
      const walk = personalize(
        { ...base, scheduler: tinyScheduler },
        optionsFor(plan, { signal: controller.signal, ...extra }),
      );
      for (let next = await walk.next(); !next.done; next = await walk.next()) {
        if (next.value.kind === when) break;
      }
      controller.abort(new Error('enough'));
      const kinds: string[] = [];
      const rest = async () => {
        for await (const { kind } of walk) kinds.push(kind);
      };
      await expect(rest()).rejects.toThrow('enough');
      return kinds;
    };

    test('stops between two steps, and frees what it holds', async () => {
      expect(await afterAborting('step', plans.LoRA!)).toEqual([]);
    });

    test('encodes no further picture', async () => {
      expect(await afterAborting('encoded', plans.LoRA!)).toEqual([]);
    });

    test('leaves out drift and sample, but not the checkpoint that is asked for', async () => {
      expect(
        await afterAborting('step', plans.LoRA!, {
          driftEvery: 1,
          samples: { every: 1, steps: 2 },
          checkpointEvery: 100,
        }),
      ).toEqual(['checkpoint']);
    });

    test('does not finish the picture of the class', async () => {
      expect(
        await afterAborting('class-picture', plans['Custom Diffusion']!, {
          training: { ...training, prior: { kind: 'preserve', pictures: 3, weight: 1, batchSize: 2 } },
          generation: { steps: 2 },
        }),
      ).toEqual([]);
    });
  });

  const refused: readonly (readonly [string, Partial<PersonalizeOptions>, RegExp])[] = [
    ['no picture', { references: [] }, /there is no reference picture/],
    [
      'a caption that does not name the concept',
      { references: [{ picture: tinyPicture(1), caption: 'a dog' }] },
      /the caption "a dog" does not name the concept; write \{\} where "sks cat" belongs/,
    ],
    ['a size that is not made of cells', { size: 15 }, /the size of pictures is a multiple of 2, got 15/],
    [
      'a rate below 0',
      { training: { ...training, learningRate: -1 } },
      /learningRate is a finite number ≥ 0/,
    ],
    ['no norm', { training: { ...training, clipNorm: 0 } }, /clipNorm is above 0, got 0/],
    ['an average of all', { training: { ...training, averageDecay: 1 } }, /averageDecay lies in \[0, 1\)/],
    ['half a step', { training: { ...training, steps: 0.5 } }, /steps is a whole number ≥ 1, got 0.5/],
    [
      'a prior without weight',
      { training: { ...training, prior: { kind: 'preserve', pictures: 1, weight: 0, batchSize: 1 } } },
      /prior.weight is a number above 0, got 0/,
    ],
    [
      'a word of the vocabulary',
      {
        concept: {
          ...plans.LoRA!,
          tokens: [{ word: 'cat', vectors: 1, initializer: 'cat' }],
          phrase: 'cat',
          classWord: 'cat',
        },
      },
      /"cat" is a token already/,
    ],
    [
      'Textual Inversion of no word',
      { concept: { method: { kind: 'textual-inversion' }, tokens: [], phrase: 'x', classWord: 'cat' } },
      /it learns nothing but words, and none is given/,
    ],
    [
      'an initializer without a token',
      {
        concept: {
          ...plans.LoRA!,
          tokens: [{ word: '<x>', vectors: 1, initializer: ' ' }],
          phrase: '<x>',
          classWord: 'cat',
        },
      },
      /the initializer " " of "<x>" has no token/,
    ],
    [
      'a state of another training',
      { resumeFrom: { variables: zeros([1]) } },
      /the saved state has no "variables\.unet/,
    ],
  ];
  test.each(refused)('refuses %s', async (_, extra, message) => {
    await expect(run(optionsFor(plans.LoRA!, extra))).rejects.toThrow(message);
  });
});
