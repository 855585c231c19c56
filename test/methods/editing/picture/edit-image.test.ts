import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, full, ndArray, openDevice, randomKey, uniform } from '../../../../src/engine/index.ts';
import { noiseSchedule } from '../../../../src/methods/diffusion/index.ts';
import {
  type EditEvent,
  type EditImageEvent,
  type EditImageOptions,
  type EditModels,
  type EditPlan,
  editImage,
  type Raster,
} from '../../../../src/methods/editing/index.ts';
import { tinyEditModels } from './tiny-models.ts';

let device: Device;
let models: EditModels;
beforeAll(async () => {
  device = await openDevice('cpu');
  models = await tinyEditModels(device);
});
afterAll(() => device.close());

interface AlphaPicture extends Raster {
  readonly alpha: Uint8Array;
}

function randomPicture(height: number, width: number, depth: 8 | 16 = 8): AlphaPicture {
  const values = uniform(randomKey(height * 1000 + width), [height * width * 3], 0, 2 ** depth).data;
  return {
    height,
    width,
    pixels: depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values),
    alpha: new Uint8Array(height * width).map((_, i) => i % 256),
  };
}

type Options = EditImageOptions<AlphaPicture>;

const quickMask = { kind: 'automatic', times: [0.3], noises: 1 } as const;

const options = (change: Partial<Options> = {}): Options => ({
  models,
  schedule: noiseSchedule(),
  picture: randomPicture(37, 21),
  sourcePrompt: 'a photo of a cat on the grass',
  prompt: 'a photo of a <biscuit> cat on the grass',
  mask: quickMask,
  key: randomKey(1),
  steps: 3,
  stepSize: 2,
  ...change,
});

async function edit(change: Partial<Options> = {}) {
  const events: EditImageEvent[] = [];
  const editing = editImage(options(change));
  for (;;) {
    const next = await editing.next();
    if (next.done) return { events, ...next.value };
    events.push(next.value);
  }
}

const stepsOf = (events: readonly EditImageEvent[]) =>
  events.filter((event): event is EditEvent => event.kind === 'step');

/** Pixels that differ from the picture, and those that the plan's mask leaves alone. */
function compare(picture: Raster, edited: Raster, { crop, mask }: EditPlan) {
  let [changed, strays] = [0, 0];
  for (let pixel = 0; pixel < picture.height * picture.width; pixel++) {
    const differs = [0, 1, 2].some((c) => picture.pixels[3 * pixel + c] !== edited.pixels[3 * pixel + c]);
    const row = Math.floor(pixel / picture.width) - crop.top;
    const column = (pixel % picture.width) - crop.left;
    const isCropped = row >= 0 && column >= 0 && row < crop.side && column < crop.side;
    const isMasked = isCropped && mask.data[row * crop.side + column]! > 0;
    if (differs) changed++;
    if (differs && !isMasked) strays++;
  }
  return { changed, strays };
}

describe('editImage', () => {
  it('finds the subject, edits it, and leaves every bit outside the mask', async () => {
    const { events, picture, plan, source, latents, unetCalls } = await edit({ previewEvery: 2 });
    expect(events.map((event) => (event.kind === 'stage' ? event.stage : event.kind))).toEqual([
      'plan',
      'attention',
      'attention',
      'plan',
      'encode',
      'edit',
      'step',
      'step',
      'preview',
      'step',
      'decode',
      'composite',
    ]);
    expect(events.flatMap((event) => (event.kind === 'attention' ? [event.at] : []))).toEqual([
      'whole picture',
      'crop',
    ]);
    expect(plan.subject!.word.word).toBe('cat');
    const given = options().picture;
    const { changed, strays } = compare(given, picture, plan);
    expect(strays).toBe(0);
    expect(changed).toBeGreaterThan(10);
    expect(picture.alpha).toEqual(given.alpha);
    const still = plan.latentMask!.data.map((share) => (share === 0 ? 1 : 0));
    latents.data.forEach((value, index) => {
      if (still[index % 64] === 1) expect(value).toBe(source.data[index]);
    });
    expect(unetCalls).toEqual({ looking: 2, editing: 6 });
  });

  it('changes nothing at all where both branches have one model and one prompt', async () => {
    const same = { models: { pretrained: models.pretrained, personalized: models.pretrained } };
    const prompts = { sourcePrompt: 'a cat', prompt: 'a cat' };
    for (const variant of ['dds', 'dds-s'] as const) {
      const { picture, source, latents, unetCalls, events } = await edit({
        ...same,
        ...prompts,
        variant,
        mask: { kind: 'none' },
      });
      expect(Buffer.from(latents.data.buffer)).toEqual(Buffer.from(source.data.buffer));
      expect(picture.pixels).toEqual(options().picture.pixels);
      expect(stepsOf(events).map(({ change }) => change)).toEqual([0, 0, 0]);
      expect(unetCalls).toEqual({ looking: 0, editing: 3 });
    }
  });

  it('has the personalized model in both branches for DDS, the pre-trained one in the source for DDS-S', async () => {
    const whole = { mask: { kind: 'none' } } as const;
    const dds = await edit({ ...whole, variant: 'dds' });
    const corrected = await edit({ ...whole, variant: 'dds-s' });
    expect(dds.latents.data).not.toEqual(corrected.latents.data);
    expect([dds.unetCalls.editing, corrected.unetCalls.editing]).toEqual([3, 6]);
    // With the personalized model in the pre-trained one's place they are the same.
    const single = { pretrained: models.personalized, personalized: models.personalized };
    const asDds = await edit({ ...whole, variant: 'dds-s', models: single });
    expect(asDds.latents.data).toEqual(dds.latents.data);
    // And where DDS-S is masked, DDS-SM moves as DDS-S does in its first step.
    const cells = ndArray('float32', [37, 21], new Float32Array(37 * 21).fill(1));
    const given = { mask: { kind: 'given', mask: cells }, crop: { kind: 'whole' } } as const;
    const masked = await edit({ ...given, variant: 'dds-sm' });
    const [free, bound] = [stepsOf(corrected.events)[0]!, stepsOf(masked.events)[0]!];
    const centre = 3 * 8 + 4;
    expect(bound.latents.data[centre]).toBe(free.latents.data[centre]);
    expect(bound.latents.data[0]).toBe(masked.source.data[0]); // beyond the picture's border
  });

  it('goes on after any step to the same picture', async () => {
    const whole = await edit();
    const { plan } = whole;
    for (const { state } of stepsOf(whole.events).slice(0, 2)) {
      const rest = await edit({ resume: { plan, state } });
      expect(rest.picture.pixels).toEqual(whole.picture.pixels);
      expect(rest.latents.data).toEqual(whole.latents.data);
      expect(rest.unetCalls).toEqual({ looking: 0, editing: 2 * (3 - state.step) });
    }
    expect((await edit({ resume: { plan } })).picture.pixels).toEqual(whole.picture.pixels);
  });

  it.each([
    [1, 1, 8],
    [1, 90, 8],
    [64, 3, 16],
    [16, 16, 16],
  ] as const)('takes pictures of any size and depth: %i x %i, %i bits', async (height, width, depth) => {
    const picture = randomPicture(height, width, depth);
    const { picture: edited, plan } = await edit({ picture, steps: 1 });
    expect(edited.pixels.constructor).toBe(picture.pixels.constructor);
    expect(compare(picture, edited, plan).strays).toBe(0);
    expect([edited.height, edited.width]).toEqual([height, width]);
  });

  it('takes a mask, a crop and a size that are given', async () => {
    const mask = full([37, 21], 0);
    for (let row = 10; row < 20; row++) mask.data.fill(1, row * 21 + 5, row * 21 + 12);
    const around = await edit({ mask: { kind: 'given', mask }, steps: 1, side: 12 });
    expect(around.plan.crop).toEqual({ top: 8, left: 1, side: 15 });
    expect(around.latents.shape).toEqual([1, 4, 6, 6]);
    expect(around.plan.subject).toBeUndefined();
    expect(compare(options().picture, around.picture, around.plan)).toEqual({ changed: 70, strays: 0 });
    const crop = { top: -2, left: 3, side: 14 };
    const given = await edit({
      mask: { kind: 'given', mask, grow: 1 },
      crop: { kind: 'given', crop },
      steps: 1,
    });
    expect(given.plan.crop).toEqual(crop);
    expect(compare(options().picture, given.picture, given.plan).strays).toBe(0);
  });

  it.each<[string, string, Partial<Options>]>([
    ['the next step', 'step', {}],
    ['the next preview', 'step', { previewEvery: 1 }],
    ['encoding', 'encode', { mask: { kind: 'none' } }],
    ['decoding', 'decode', {}],
  ])('stops before %s when it is aborted', async (_, after, change) => {
    const controller = new AbortController();
    const editing = editImage(options({ ...change, signal: controller.signal }));
    for (let next = await editing.next(); !next.done; next = await editing.next()) {
      if ((next.value.kind === 'stage' ? next.value.stage : next.value.kind) === after) break;
    }
    controller.abort(new Error('the window was closed'));
    await expect(editing.next()).rejects.toThrow('the window was closed');
  });

  it.each<[string, () => Partial<Options>, string]>([
    ['an empty prompt', () => ({ prompt: ' ' }), 'the prompt is empty; say what the picture should show'],
    [
      'an empty source prompt',
      () => ({ sourcePrompt: '' }),
      'the source prompt is empty; say what the picture shows',
    ],
    ['prompts without a difference', () => ({ prompt: options().sourcePrompt }), 'the prompts do not differ'],
    [
      'a subject that is not there',
      () => ({ mask: { kind: 'automatic', subject: 'dog' } }),
      '"dog" does not stand in the source prompt',
    ],
    ['no steps', () => ({ steps: 0 }), 'the number of steps is a whole number ≥ 1, got 0'],
    ['half cells', () => ({ side: 15 }), 'editImage: the size is a multiple of 2 pixels, got 15'],
    [
      'a mask of another size',
      () => ({ mask: { kind: 'given', mask: full([21, 37], 1) } }),
      'editing: the mask is as large as the picture, [37, 21], got [21, 37]',
    ],
    [
      'a mask beyond 1',
      () => ({ mask: { kind: 'given', mask: full([37, 21], 255) } }),
      'editing: a mask is made of 0 … 1, got 255',
    ],
    [
      'an empty mask',
      () => ({ mask: { kind: 'given', mask: full([37, 21], 0) } }),
      'editImage: the mask is empty, so nothing would be edited; give one that covers the subject',
    ],
    [
      'a crop beside the picture',
      () => ({ crop: { kind: 'given', crop: { top: 40, left: 0, side: 8 } } }),
      'a crop is a square of whole pixels that shows a part of the 21 x 37 picture',
    ],
    ['no previews', () => ({ previewEvery: 0 }), 'previews come after a whole number of steps ≥ 1, got 0'],
    [
      'pixels of another picture',
      () => ({ picture: { ...randomPicture(2, 2), height: 3 } }),
      'a picture is [height, width, 3] with sides of 1 or more, got 3 x 2 and 12 samples',
    ],
  ])('refuses %s with a sentence', async (_, change, message) => {
    await expect(edit(change())).rejects.toThrow(message);
  });
});
