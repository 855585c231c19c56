import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type Device,
  type NdArray,
  normal,
  Owner,
  openDevice,
  randomKey,
  resultOf,
  type StateLeaf,
  scalar,
  type Tree,
} from '../../src/engine/index.ts';
import {
  guidedContext,
  holdModel,
  levelAt,
  releaseModel,
  timestep,
} from '../../src/methods/diffusion/index.ts';
import { compileBranches } from '../../src/methods/editing/index.ts';
import { holdClip, releaseClip } from '../../src/methods/evaluation/index.ts';
import {
  asSource,
  type Learned,
  learnedAsWholeModel,
  type PersonalizationBase,
  personalizationMethod,
  personalizationPreset,
  personalize,
  personalizedModel,
} from '../../src/methods/personalization/index.ts';
import { probeDrift } from '../../src/methods/personalization/training/class-drift.ts';
import { compileGuide } from '../../src/methods/steering/guided-images/compile-guide.ts';
import {
  defaultEnergyGuidance,
  learnedInMemory,
  plugAndPlay,
  type SpatialGuidance,
  steer,
} from '../../src/methods/steering/index.ts';
import { encodePrompts } from '../../src/networks/clip/index.ts';
import { leftBehind } from '../engine/runtime/left-behind.ts';
import { methodCases, tinyPicture } from './personalization/tiny-pipeline.ts';
import { tinyBase, tinyConcept, tinyMask, tinySettings, tinySource } from './steering/tiny-steering.ts';

// Compiling a training step takes a second or two, on a busy machine many.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const planOf = (wanted: string) => methodCases.find(([name]) => name === wanted)![1];
const lora = planOf('LoRA of everything with a word');
const words = planOf('Textual Inversion');

let device: Device;
let base: PersonalizationBase;
/** Of one text, [1, tokens, size]. */
let context: NdArray;
let learned: Learned<NdArray>;
let references: Learned<StateLeaf>;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await tinyBase(device);
  context = await promptContext();
  learned = await tinyConcept(base, lora);
  references = (await device.hold(learned as Tree<NdArray>)).references() as Learned<StateLeaf>;
});
afterAll(() => device.close());

const promptContext = () => guidedContext(base.model, encodePrompts(base.tokenizer, ['the cat']), 1);

/** A network of one parameter. */
const part = { config: {}, parameters: new Map([['x', asSource(scalar(1))]]) } as never;

async function guide(guidance: SpatialGuidance): Promise<void> {
  await using owner = new Owner();
  const { model, scheduler } = base;
  const { shape } = tinySource;
  const guide = owner.use(
    await compileGuide(
      guidance,
      { personalized: model, observer: model, context, sourceContext: context },
      { shape, schedule: scheduler.schedule, guidance: { guidanceScale: 1 }, count: 1, subject: undefined },
    ),
  );
  const at = { timestep: timestep(321), level: levelAt(scheduler.schedule, 321), step: 0 };
  await guide.predict({ ...at, latents: tinySource }, () => tinySource);
}

async function measureDrift(): Promise<void> {
  await using owner = new Owner();
  const { model, tokenizer, scheduler } = base;
  const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config };
  const probe = await probeDrift(model, {
    networks: { configs, method: personalizationMethod(lora, tokenizer) },
    tokenizer,
    schedule: scheduler.schedule,
    prompt: 'the cat',
    latents: tinySource,
    key: randomKey(4),
  });
  await owner.use(probe).measure(references);
}

const learn = () =>
  resultOf(
    personalize(base, {
      concept: { ...words, phrase: '<toy> cat', classWord: 'cat' },
      references: [{ picture: tinyPicture(1) }],
      training: { ...personalizationPreset('textual-inversion', 'pocket').training, steps: 1 },
      size: 16,
      seed: 1,
      driftEvery: 1,
    }),
  );

async function steerWords() {
  const settings = tinySettings('textual-inversion');
  const steering = steer(base, {
    concept: learnedInMemory(words, await tinyConcept(base, words)),
    source: tinySource,
    prompts: { source: 'the cat', target: 'the <toy>' },
    mask: tinyMask,
    seed: 3,
    settings: { ...settings, optimization: { ...settings.optimization, steps: 1 } },
    guidedImages: [tinySource, tinySource],
  });
  return resultOf(steering);
}

interface Case {
  readonly title: string;
  readonly work: () => Promise<unknown>;
  /** Frees what comes of it. */
  readonly release?: (made: never) => Promise<void>;
  /** Where not all of them are refused, which would take long. */
  readonly kinds?: readonly string[];
}

const cases: readonly Case[] = [
  {
    title: 'a model',
    work: () => holdModel(device, { unet: part, vae: part, textEncoder: part }),
    release: releaseModel,
  },
  {
    title: 'a CLIP model',
    work: () => holdClip(device, { vision: part, text: part, processor: {} as never }),
    release: releaseClip,
  },
  { title: 'features of a prompt', work: promptContext },
  {
    title: 'the branches of an edit',
    work: () => {
      const network = base.model.unet;
      const guided = normal(randomKey(1), [2, ...context.shape.slice(1)]);
      const branches = { target: { network, context: guided }, source: { network, context } };
      return compileBranches(device, branches, tinySource.shape, { batching: 'branch by branch' });
    },
    release: ({ dispose }: Awaited<ReturnType<typeof compileBranches>>) => dispose(),
  },
  { title: 'guidance by energy', work: () => guide(defaultEnergyGuidance) },
  {
    title: 'guidance by injection',
    work: () => guide({ ...plugAndPlay, layers: defaultEnergyGuidance.layers }),
  },
  {
    title: 'a personalized model',
    work: () => personalizedModel(base.model, personalizationMethod(lora, base.tokenizer), references),
    release: releaseModel,
  },
  {
    title: 'a concept as a whole model',
    work: () => learnedAsWholeModel(base.model, lora, learned),
    kinds: ['compile', 'run', 'put', 'combine'],
  },
  { title: 'a look at the drift', work: measureDrift },
  { title: 'learning', work: learn, kinds: ['compile', 'put', 'combine'] },
  { title: 'steering', work: steerWords, kinds: ['compile', 'put', 'combine'] },
];

test.each(cases)(
  '$title: nothing is left on the device whatever it refuses',
  async ({ work, release, kinds }) => {
    const disposable = async () => {
      const made = await work();
      return { dispose: async () => release?.(made as never) };
    };
    expect(await leftBehind(device, disposable, kinds)).toEqual([]);
  },
);
