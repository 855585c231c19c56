import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, ndArray, normal, openDevice, randomKey } from '../../../src/engine/index.ts';
import type { Features, Latents } from '../../../src/methods/diffusion/index.ts';
import type { PersonalizationBase } from '../../../src/methods/personalization/index.ts';
import {
  type AppearanceTransferOptions,
  subjectPlaces,
} from '../../../src/methods/steering/guided-images/appearance-transfer.ts';
import { attendPlaces } from '../../../src/methods/steering/guided-images/place-affinity.ts';
import {
  defaultConceptAppearance,
  drawConcept,
  type LookingEvent,
  transferAppearance,
} from '../../../src/methods/steering/index.ts';
import { distance, tinyBase, tinyMask, tinySource } from './tiny-steering.ts';

let device: Device;
let base: PersonalizationBase;
beforeAll(async () => {
  device = await openDevice('cpu');
  base = await tinyBase(device);
});
afterAll(() => device.close());

const { drawings: _, guidanceScale: __, ...comparison } = defaultConceptAppearance;

async function transfer(change: Partial<AppearanceTransferOptions>) {
  const transferring = transferAppearance({
    comparison,
    drawings: [other],
    pretrained: base,
    schedule: base.scheduler.schedule,
    source: tinySource,
    sourcePrompt: 'the cat',
    mask: tinyMask,
    key: randomKey(4),
    ...change,
  });
  const events: LookingEvent[] = [];
  let next = await transferring.next();
  for (; !next.done; next = await transferring.next()) events.push(next.value);
  return { events, latents: next.value };
}

const other = normal(randomKey(5), tinySource.shape);
const at = ({ data }: Latents, share: number) => data.filter((_, i) => tinyMask.data[i % 64] === share);
const changeOf = ({ latents }: { readonly latents: Latents }) =>
  latents.data.map((value, i) => value - tinySource.data[i]!);
const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('appearance transfer', () => {
  it('of the photo itself changes nothing, of other pictures the subject alone', async () => {
    const { latents: same } = await transfer({ drawings: [tinySource, tinySource] });
    expect(distance(same.data, tinySource.data)).toBeLessThan(1e-6);
    const { latents, events } = await transfer({});
    expect(at(latents, 0)).toEqual(at(tinySource, 0));
    expect(distance(at(latents, 1), at(tinySource, 1))).toBeGreaterThan(0.05);
    expect(events.map(({ step, count }) => [step, count])).toEqual(
      Array.from({ length: 12 }, (_, step) => [step, 12]),
    );
  });

  it('changes half as much under a mask of half', async () => {
    const half = { ...tinyMask, data: tinyMask.data.map((share) => share / 2) };
    const [full, less] = [await transfer({}), await transfer({ mask: half })].map(changeOf);
    // Weights of places are in proportion to the mask, so attention is the same.
    expect(
      distance(
        less!,
        full!.map((value) => value / 2),
      ),
    ).toBeLessThan(1e-5);
  });

  it('where all places look alike is the shift between the means of the pictures', async () => {
    const drawings = [other, normal(randomKey(7), tinySource.shape)];
    const change = changeOf(await transfer({ drawings, comparison: { ...comparison, temperature: 1e6 } }));
    for (let channel = 0; channel < 4; channel++) {
      const own = ({ data }: Latents) => meanOf(data.slice(64 * channel, 64 * channel + 64));
      const shift = (own(drawings[0]!) + own(drawings[1]!)) / 2 - own(tinySource);
      for (let i = 0; i < 64; i++) {
        expect(change[64 * channel + i]).toBeCloseTo(tinyMask.data[i]! * shift, 4);
      }
    }
  });

  it('is as coarse as the features where they have fewer places than the latents, of any aspect', async () => {
    const layers = { parts: ['mid'], mostPlaces: 1024, skip: 0 } as const;
    const source = normal(randomKey(8), [1, 4, 8, 16]);
    const { latents } = await transfer({
      source,
      drawings: [normal(randomKey(9), source.shape)],
      mask: ndArray('float32', [8, 16], new Float32Array(128).fill(1)),
      comparison: { ...comparison, layers, temperature: 0.02 },
    });
    const change = latents.data.map((value, i) => value - source.data[i]!);
    // A row between eight values: x[1] and x[2] lie ¼ and ¾ of the way from the first to the second, and so on.
    const row = change.slice(16, 32);
    expect(Math.max(...row) - Math.min(...row)).toBeGreaterThan(0.01);
    for (let x = 1; x + 3 < 16; x += 2) {
      expect(3 * row[x + 1]! - row[x]!).toBeCloseTo(3 * row[x + 2]! - row[x + 3]!, 4);
    }
  });
});

describe('the places of a subject', () => {
  // Three places of a subject and one of background; the picture has them one further: 1, 2 and 0 look like 0, 1 and 2.
  const looks = [
    [3, 0, 0],
    [0, 3, 0],
    [0, 0, 3],
    [-1, -1, -1],
  ];
  const featuresOf = (order: readonly number[]) => ({
    f: ndArray('float32', [1, 4, 3], Float32Array.from(order.flatMap((place) => looks[place]!))),
  });
  const between = async (here: Features, there: Features) => {
    const rows = ({ f }: Features) =>
      [0, 1, 2, 3].map((p) => Array.from(f!.data as Float32Array).slice(3 * p, 3 * p + 3));
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const cosine = (a: readonly number[], b: readonly number[]) =>
      dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) + 1e-12);
    const data = rows(here).flatMap((a) => rows(there).map((b) => cosine(a, b)));
    return ndArray('float32', [4, 4], Float32Array.from(data));
  };

  it('are those that look like the photo’s, and each finds its own', async () => {
    const photo = { features: featuresOf([0, 1, 2, 3]), subject: Float32Array.of(1, 1, 1, 0) };
    const { centred } = await subjectPlaces(between, photo.features, photo, 0.05);
    const found = await subjectPlaces(between, featuresOf([2, 0, 1, 3]), { ...photo, own: centred }, 0.05);
    Array.from(found.weights).forEach((weight, place) => {
      expect(weight).toBeCloseTo(place < 3 ? 1 : 0, 4);
    });
    const values = [Float32Array.of(12, 10, 11, 99)];
    const [carried] = attendPlaces([{ ...found, values }], 0.05);
    [10, 11, 12].forEach((value, place) => {
      expect(carried![place]).toBeCloseTo(value, 3);
    });
  });
});

describe('drawings of the concept', () => {
  it('are free images of it, each from a noise of its own', async () => {
    const drawing = drawConcept({
      count: 2,
      guidanceScale: 2,
      sampler: {
        name: 'ddim',
        options: { timestepSpacing: 'trailing', stepsOffset: 0, eta: 0, clipRange: Number.POSITIVE_INFINITY },
      },
      steps: 3,
      personalized: base,
      schedule: base.scheduler.schedule,
      shape: tinySource.shape,
      prompts: { target: 'the dog' },
      key: randomKey(6),
    });
    const seen: (readonly [number, number, number])[] = [];
    let next = await drawing.next();
    for (; !next.done; next = await drawing.next())
      seen.push([next.value.image, next.value.step, next.value.steps]);
    expect(seen).toEqual([0, 1].flatMap((image) => [0, 1, 2].map((step) => [image, step, 3])));
    const [first, second] = next.value;
    expect(distance(first!.data, second!.data)).toBeGreaterThan(0.1);
  });
});
