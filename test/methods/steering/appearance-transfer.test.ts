import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, normal, openDevice, randomKey } from '../../../src/engine/index.ts';
import type { Latents } from '../../../src/methods/diffusion/index.ts';
import type { PersonalizationBase } from '../../../src/methods/personalization/index.ts';
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

async function transfer(drawings: readonly Latents[]) {
  const transferring = transferAppearance({
    comparison,
    drawings,
    pretrained: base,
    schedule: base.scheduler.schedule,
    source: tinySource,
    sourcePrompt: 'the cat',
    mask: tinyMask,
    key: randomKey(4),
  });
  const events: LookingEvent[] = [];
  let next = await transferring.next();
  for (; !next.done; next = await transferring.next()) events.push(next.value);
  return { events, latents: next.value };
}

const at = ({ data }: Latents, share: number) => data.filter((_, i) => tinyMask.data[i % 64] === share);
const other = normal(randomKey(5), tinySource.shape);

describe('appearance transfer', () => {
  it('of the photo itself changes nothing, of other pictures the subject alone', async () => {
    const { latents: same } = await transfer([tinySource, tinySource]);
    expect(distance(same.data, tinySource.data)).toBeLessThan(1e-6);
    const { latents, events } = await transfer([other]);
    expect(at(latents, 0)).toEqual(at(tinySource, 0));
    expect(distance(at(latents, 1), at(tinySource, 1))).toBeGreaterThan(0.05);
    expect(events.map(({ step, count }) => [step, count])).toEqual(
      Array.from({ length: 12 }, (_, step) => [step, 12]),
    );
  });

  it('takes what is where the masks fade by half', async () => {
    const [whole, faded] = [tinyMask, { ...tinyMask, data: tinyMask.data.map((share) => share / 2) }];
    expect(whole.data.some((share) => share === 0.5)).toBe(true);
    const transferring = (mask: typeof tinyMask) =>
      transferAppearance({
        comparison,
        drawings: [other],
        pretrained: base,
        schedule: base.scheduler.schedule,
        source: tinySource,
        sourcePrompt: 'the cat',
        mask,
        key: randomKey(4),
      });
    const ends = [];
    for (const mask of [whole, faded]) {
      const walk = transferring(mask);
      let next = await walk.next();
      while (!next.done) next = await walk.next();
      ends.push(next.value);
    }
    const [full, half] = ends.map(({ data }) => data.map((value, i) => value - tinySource.data[i]!));
    // Weights of places are in proportion to the mask, so attention is the same.
    expect(
      distance(
        half!,
        full!.map((value) => value / 2),
      ),
    ).toBeLessThan(1e-5);
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
