import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, fold, normal, openDevice, randomKey } from '../../../src/engine/index.ts';
import {
  type Latents,
  noiseSchedule,
  noiseTo,
  stableDiffusionSchedule,
} from '../../../src/methods/diffusion/index.ts';
import type { PersonalizationBase } from '../../../src/methods/personalization/index.ts';
import {
  defaultConceptAppearance,
  defaultEnergyGuidance,
  defaultGuidedImages,
  type GuidedImageEvent,
  type GuidedImageSettings,
  type GuidedImagesOptions,
  guidedImages,
  plugAndPlay,
} from '../../../src/methods/steering/index.ts';
import { distance, tinyBase, tinyMask, tinySource } from './tiny-steering.ts';

let device: Device;
let base: PersonalizationBase;
beforeAll(async () => {
  device = await openDevice('cpu');
  base = await tinyBase(device);
});
afterAll(() => device.close());

const key = randomKey(21);
const free = {
  ...defaultGuidedImages,
  count: 1,
  keep: 1,
  steps: 4,
  appearance: 'source',
  start: 'noised source',
  strength: 1,
  outside: 'free',
  guidance: { kind: 'none' },
} as const;

/** The same network is taken for one that predicts v. */
const velocity = { ...stableDiffusionSchedule, predictionType: 'v_prediction' } as const;

async function make(change: Partial<GuidedImageSettings>, more: Partial<GuidedImagesOptions> = {}) {
  const making = guidedImages({
    settings: { ...free, ...change },
    personalized: base,
    pretrained: base,
    schedule: base.scheduler.schedule,
    source: tinySource,
    prompts: { source: 'the cat', target: 'the dog' },
    mask: tinyMask,
    key,
    ...more,
  });
  const events: GuidedImageEvent[] = [];
  let next = await making.next();
  for (; !next.done; next = await making.next()) events.push(next.value);
  return { events, images: next.value };
}

const stepsOf = (events: readonly GuidedImageEvent[]) =>
  events.filter((event): event is Extract<GuidedImageEvent, { kind: 'guiding' }> => event.kind === 'guiding');

describe('guided images', () => {
  it('that are anchored keep the noised source outside the mask at every step, and the source at the end', async () => {
    const { events, images } = await make({ outside: 'noised source' });
    const noise = normal(fold(fold(fold(key, 'image'), 0), 'noise'), tinySource.shape);
    const outside = (latents: Latents) => latents.data.filter((_, i) => tinyMask.data[i % 64] === 0);
    const inside = (latents: Latents) => latents.data.filter((_, i) => tinyMask.data[i % 64] === 1);
    for (const { latents, level } of stepsOf(events)) {
      const noised = noiseTo(level, tinySource, noise);
      expect(outside(latents)).toEqual(outside(noised));
      expect(distance(inside(latents), inside(noised))).toBeGreaterThan(1e-3);
    }
    expect(outside(images[0]!.latents)).toEqual(outside(tinySource));
    const { images: loose } = await make({});
    expect(distance(outside(loose[0]!.latents), outside(tinySource))).toBeGreaterThan(1e-2);
  });

  it('are selected by their scores, the best first, those that were made before among them', async () => {
    const scores = [3, 9, 5];
    let made = 0;
    const score = async () => scores[made++]!;
    const { events, images } = await make({ count: 3, keep: 2, steps: 1 }, { score });
    expect(images.map((image) => image.score)).toEqual([9, 5]);
    const all = events.filter((event) => event.kind === 'guided image');
    expect(all.map((image) => image.score)).toEqual(scores);
    expect(images[0]!.latents).toEqual(all[1]!.latents);
    expect(distance(all[0]!.latents.data, all[1]!.latents.data)).toBeGreaterThan(0.1);
    made = 0;
    const given = all.slice(0, 2).map(({ latents }) => latents);
    const rest = await make({ count: 3, keep: 2, steps: 1 }, { score, given });
    expect(rest.images).toEqual(images);
    expect(rest.events.filter((event) => event.kind === 'guided image')).toEqual([all[2]]);
  });

  it.each([['ε', {}] as const, ['v', { schedule: noiseSchedule(velocity) }] as const])(
    'from the inverted source, without guidance and under the text of the inversion, are the source again: %s',
    async (_, more) => {
      const prompts = { source: 'the cat', target: '' };
      const change = { start: 'inverted source', steps: 40, strength: 0.4, guidanceScale: 1 } as const;
      const { events, images } = await make(change, { prompts, ...more });
      expect(stepsOf(events).filter(({ stage }) => stage === 'inverting').length).toBe(40);
      const size = distance(tinySource.data, new Float32Array(256));
      expect(distance(images[0]!.latents.data, tinySource.data)).toBeLessThan(0.1 * size);
    },
  );

  it.each<readonly [string, Partial<GuidedImageSettings>]>([
    ['energy', { guidance: defaultEnergyGuidance }],
    ['energy of an inverted source', { guidance: { ...defaultEnergyGuidance, sourceNoise: 'inverted' } }],
    [
      "energy of the personalized model's features",
      { guidance: { ...defaultEnergyGuidance, featuresOf: 'personalized' } },
    ],
    ['injection', { guidance: plugAndPlay, steps: 10 }],
    ['injection from noise', { guidance: { ...plugAndPlay, sourceNoise: 'fixed' }, start: 'noise' }],
  ])('by %s differ from free ones from the first step on', async (_, change) => {
    const { guidance: __, ...same } = change;
    const [guided, plain] = [await make(change), await make({ ...same })];
    const [ours, theirs] = [guided, plain].map(({ events }) =>
      stepsOf(events).filter(({ stage }) => stage === 'sampling'),
    );
    expect(ours!.length).toBe(change.steps ?? 4);
    expect(distance(ours![0]!.latents.data, theirs![0]!.latents.data)).toBeGreaterThan(1e-5);
    expect(guided.images[0]!.latents.data.every(Number.isFinite)).toBe(true);
  });

  it.each<readonly [string, Partial<GuidedImageSettings>]>([
    ['energy', { guidance: { ...defaultEnergyGuidance, sourceNoise: 'inverted' } }],
    ['injection', { guidance: plugAndPlay, steps: 10 }],
  ])(
    'by %s are made by a model of velocity too, on a schedule that ends at pure noise',
    async (_, change) => {
      const schedule = noiseSchedule({ ...velocity, terminalSnr: 'zero' });
      const { events, images } = await make(change, { schedule });
      const [first] = stepsOf(events).filter(({ stage }) => stage === 'sampling');
      expect(first!.timestep).toBe(999);
      expect(images[0]!.latents.data.every(Number.isFinite)).toBe(true);
    },
  );

  it("depend on whether the photo's colours are followed", async () => {
    const [free, followed] = [
      await make({ guidance: { ...defaultEnergyGuidance, subjectMean: 'free' } }),
      await make({ guidance: defaultEnergyGuidance }),
    ];
    expect(distance(free.images[0]!.latents.data, followed.images[0]!.latents.data)).toBeGreaterThan(1e-3);
  });

  it("start from the photo in the concept's appearance, and keep what is outside the mask", async () => {
    const change = {
      appearance: { ...defaultConceptAppearance, drawings: 1 },
      outside: 'noised source',
    } as const;
    const [own, shown] = [await make({ ...change, appearance: 'source' }), await make(change)];
    const outside = (latents: Latents) => latents.data.filter((_, i) => tinyMask.data[i % 64] === 0);
    expect(outside(shown.images[0]!.latents)).toEqual(outside(tinySource));
    expect(distance(shown.images[0]!.latents.data, own.images[0]!.latents.data)).toBeGreaterThan(1e-2);
    const kinds = shown.events.map(({ kind }) => kind);
    expect([...new Set(kinds)]).toEqual(['drawing', 'looking', 'guiding', 'guided image']);
    // An image that was made before asks for nothing.
    const given = [shown.images[0]!.latents];
    expect((await make(change, { given })).events).toEqual([]);
  });

  it('are guided no further than asked', async () => {
    const guidance = { ...defaultEnergyGuidance, until: 0 };
    const [never, plain] = [await make({ guidance }), await make({})];
    expect(never.images[0]!.latents).toEqual(plain.images[0]!.latents);
  });

  it('start where they are told: at less strength fewer steps are walked', async () => {
    const { events } = await make({ strength: 0.5 });
    expect(stepsOf(events).map(({ steps }) => steps)).toEqual([2, 2]);
    const { events: whole } = await make({ strength: 0.5, start: 'noise' });
    expect(stepsOf(whole).length).toBe(4);
  });

  it('are refused where they would all be one, or a mask is missing', async () => {
    const twice = { start: 'inverted source', count: 2, keep: 2 } as const;
    const options = { timestepSpacing: 'trailing', stepsOffset: 0, sigmas: 'schedule' } as const;
    const euler = { name: 'euler', options } as const;
    for (const sampler of [defaultGuidedImages.sampler, euler]) {
      await expect(make({ ...twice, sampler })).rejects.toThrow(
        `from the inverted source ${sampler.name} makes the same image 2 times`,
      );
    }
    const inverted = { ...defaultEnergyGuidance, sourceNoise: 'inverted' } as const;
    await expect(make({ ...twice, guidance: inverted })).rejects.toThrow('the same image');
    const { images } = await make({ ...twice, guidance: defaultEnergyGuidance });
    expect(images[0]!.latents).not.toEqual(images[1]!.latents);
    for (const change of [
      { outside: 'noised source' },
      { guidance: { ...defaultEnergyGuidance, subjectMean: 'free' } },
      { appearance: defaultConceptAppearance },
    ] as const) {
      await expect(make(change, { mask: undefined as never })).rejects.toThrow('need a mask');
    }
  });
});
