import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  fold,
  ndArray,
  normal,
  openDevice,
  randomKey,
  resultOf,
} from '../../../src/engine/index.ts';
import { arrayFromPictures, type Picture, picturesFromArray } from '../../../src/files/images/index.ts';
import {
  compileDenoiser,
  compileImageEncoder,
  contextOf,
  decodeLatents,
  encodeImage,
  levelAt,
  timestep,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import { otsuThreshold, subjectFromWords, subjectMap } from '../../../src/methods/editing/index.ts';
import {
  comparePixels,
  cosineSimilarity,
  embedCaption,
  Instruments,
  peakSignalToNoise,
  structuralSimilarity,
} from '../../../src/methods/evaluation/index.ts';
import {
  drawHeldOut,
  generatePictures,
  heldOutPrompt,
  judgeAttention,
  judgeAutoencoder,
  judgeClip,
  judgeDecoder,
  judgeDenoising,
  judgeGenerated,
  overlapAbove,
  qualityFigures,
  zeroShot,
} from '../../../src/pocket/judging/index.ts';
import { sceneAt, trialRecipe } from '../../../src/pocket/training/index.ts';
import {
  backgroundKinds,
  colourNames,
  placePhrases,
  promptOf,
  subjectClasses,
  withArticle,
} from '../../../src/pocket/world/index.ts';
import { riggedClip, riggedModel, scheduler } from './rigged-model.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
});
afterAll(() => device.close());

/** A CLIP that embeds every picture as nothing, and so takes it for the first of all labels. */
const blindClip = () => riggedClip(device, /^visual_projection/);

const shareOf = (count: number, is: (scene: ReturnType<typeof sceneAt>) => boolean) =>
  Array.from({ length: count }, (_, index) => sceneAt('held out', index)).filter(is).length / count;

describe('held-out scenes', () => {
  test('come with prompts that name class and place', () => {
    for (let index = 0; index < 60; index++) {
      const { subject, background } = sceneAt('held out', index);
      const prompt = heldOutPrompt(index);
      expect(prompt).toContain(placePhrases[background.kind]);
      expect(prompt.split(' ')).toContain(subject.class);
    }
  });
});

describe('the autoencoder', () => {
  test('is judged by the reconstruction from the mean of the latents', async () => {
    const { model } = await riggedModel(device, /^$/);
    const { scalingFactor } = model.vae.config;
    expect(scalingFactor).toBe(1);
    const figures: [number, number][] = [];
    for (const index of [0, 1, 2]) {
      const { picture } = await drawHeldOut(index, 16);
      const latents = await encodeImage(model, arrayFromPictures([picture]));
      const [decoded] = picturesFromArray(await decodeLatents(model, latents));
      const psnr = peakSignalToNoise(comparePixels(picture, decoded!));
      figures.push([psnr, structuralSimilarity(picture, decoded!)]);
    }
    const quality = await resultOf(judgeAutoencoder(model, { count: 3 }));
    expect(quality.count).toBe(3);
    expect(quality.psnr).toBeCloseTo(figures.reduce((sum, [psnr]) => sum + psnr, 0) / 3, 2);
    expect(quality.ssim).toBeCloseTo(figures.reduce((sum, [, ssim]) => sum + ssim, 0) / 3, 3);
  });

  test("'s latents tell as many bits of a cell as they diverge from noise", async () => {
    const { model } = await riggedModel(device, /^$/);
    const { picture } = await drawHeldOut(0, 16);
    const images = arrayFromPictures([picture]);
    const { encode, dispose } = await compileImageEncoder(model, images.shape);
    const { mean, logVariance } = await encode(images);
    await dispose();
    const nats = mean.data.reduce((sum, μ, i) => {
      const variance = Math.exp(logVariance.data[i]!);
      return sum + (μ ** 2 + variance - Math.log(variance) - 1) / 2;
    }, 0);
    const cells = mean.shape[2]! * mean.shape[3]!;
    const { bitsPerCell } = await resultOf(judgeAutoencoder(model, { count: 1 }));
    expect(bitsPerCell).toBeCloseTo(nats / cells / Math.LN2, 4);
  });

  test('decodes better from latents that were sought for a picture than from its own', async () => {
    const { model } = await riggedModel(device, /^$/);
    const own = await resultOf(judgeAutoencoder(model, { count: 2 }));
    const sought = await resultOf(
      judgeDecoder(model, { count: 2, steps: 20, recipe: trialRecipe.reconstruction }),
    );
    expect(sought.count).toBe(2);
    expect(sought.psnr).toBeGreaterThan(own.psnr + 0.1);
  });
});

describe('the UNet', () => {
  const { schedule } = scheduler;
  const key = randomKey(3);

  test('that predicts nothing errs by all of the target', async () => {
    const silent = await riggedModel(device, /^conv_out/);
    const count = 5;
    const { error } = await resultOf(judgeDenoising(silent, { count, schedule, key }));
    // v = αε − σx₀: 1 or so in the mean, since ε is normal and the latents are scaled to be so too
    const squares: number[] = [];
    for (let index = 0; index < count; index++) {
      const { picture } = await drawHeldOut(index, 16);
      const latents = await encodeImage(silent.model, arrayFromPictures([picture]));
      const noise = normal(fold(key, index), latents.shape);
      const { alpha, sigma } = levelAt(schedule, Math.floor(((index * 0.618033988749895) % 1) * 1000));
      latents.data.forEach((clean, i) => {
        squares.push((alpha * noise.data[i]! - sigma * clean) ** 2);
      });
    }
    expect(error).toBeCloseTo(squares.reduce((sum, square) => sum + square, 0) / squares.length, 4);
  });

  test('predicts under the prompt of each scene', async () => {
    const hearing = await riggedModel(device, /^$/);
    const { error } = await resultOf(judgeDenoising(hearing, { count: 2, schedule, key }));
    const errorUnder = async (promptOf: (index: number) => string) => {
      const squares: number[] = [];
      for (const index of [0, 1]) {
        const { picture } = await drawHeldOut(index, 16);
        const clean = await encodeImage(hearing.model, arrayFromPictures([picture]));
        const noise = normal(fold(key, index), clean.shape);
        const at = timestep(Math.floor(((index * 0.618033988749895) % 1) * 1000));
        const { alpha, sigma } = levelAt(schedule, at);
        const context = await contextOf(hearing, [promptOf(index)]);
        const { denoise, dispose } = await compileDenoiser(hearing.model, clean.shape, context, {
          guidanceScale: 1,
        });
        const predicted = await denoise(weightedSum([alpha, clean], [sigma, noise]), at);
        await dispose();
        const target = weightedSum([alpha, noise], [-sigma, clean]);
        squares.push(...target.data.map((value, i) => (predicted.data[i]! - value) ** 2));
      }
      return squares.reduce((sum, square) => sum + square, 0) / squares.length;
    };
    expect(error / (await errorUnder(heldOutPrompt))).toBeCloseTo(1, 5);
    expect(Math.abs(error / (await errorUnder((index) => heldOutPrompt(1 - index))) - 1)).toBeGreaterThan(
      1e-4,
    );
  });
});

describe('zero-shot classification', () => {
  test('adds up the probabilities of all prompts with a label', async () => {
    const { text } = await riggedClip(device, /^$/);
    const instruments = new Instruments(device);
    const { classOf, backgroundOf, colourOf } = await zeroShot(instruments, text!);
    const picture = await embedCaption(instruments, text!, 'a picture of a striped brown dog in the snow');
    const prompts = subjectClasses.flatMap((subject) =>
      colourNames.flatMap((colour) => backgroundKinds.map((kind) => ({ subject, colour, kind }))),
    );
    const weights: number[] = [];
    for (const { subject, colour, kind } of prompts) {
      const prompt = `a photo of ${withArticle(`${colour} ${subject}`)} ${placePhrases[kind]}`;
      const similarity = cosineSimilarity(picture, await embedCaption(instruments, text!, prompt));
      weights.push(Math.exp(similarity / 0.07));
    }
    const best = <Label>(
      labels: readonly Label[],
      named: (prompt: (typeof prompts)[number], label: Label) => boolean,
    ) => {
      const sums = labels.map((label) =>
        weights.filter((_, at) => named(prompts[at]!, label)).reduce((sum, weight) => sum + weight),
      );
      return labels[sums.indexOf(Math.max(...sums))];
    };
    expect(classOf(picture)).toBe(best(subjectClasses, ({ subject }, label) => subject === label));
    expect(backgroundOf(picture)).toBe(best(backgroundKinds, ({ kind }, label) => kind === label));
    expect(colourOf(picture, 'fish')).toBe(
      best(colourNames, ({ subject, colour }, label) => subject === 'fish' && colour === label),
    );
    expect(colourOf(picture)).toBe(best(colourNames, ({ colour }, label) => colour === label));
    await instruments.dispose();
  });

  test('counts the pictures that show the label: a CLIP that sees only cats is right about cats', async () => {
    const count = 40;
    const quality = await resultOf(judgeClip(device, await blindClip(), { count }));
    const [cat, meadow, white] = [subjectClasses[0], backgroundKinds[0], colourNames[0]];
    expect(quality).toEqual({
      count,
      class: shareOf(count, ({ subject }) => subject.class === cat),
      background: shareOf(count, ({ background }) => background.kind === meadow),
      colour: shareOf(count, ({ subject }) => subject.appearance.base.name === white),
      colourAlone: shareOf(count, ({ subject }) => subject.appearance.base.name === white),
    });
    expect(quality.class).toBeGreaterThan(0);
  });

  test('asks for a text tower', async () => {
    const { text: _, ...clip } = await blindClip();
    await expect(resultOf(judgeClip(device, clip, { count: 1 }))).rejects.toThrow(
      'judging: the CLIP has no text tower with a projection',
    );
  });
});

describe('generated pictures', () => {
  const options = { scheduler, steps: 2, guidanceScale: 4, batchSize: 4, key: randomKey(1) };

  test('are the same whatever they are made together with', async () => {
    const model = await riggedModel(device, /^$/);
    const prompts = ['a cat', 'a dog in the snow', 'a mug'];
    const stochastic = {
      schedule: scheduler.schedule,
      sampler: { name: 'euler-ancestral', options: { timestepSpacing: 'linspace', stepsOffset: 0 } },
    } as const;
    const all = async (batchSize: number) => {
      const pictures: Picture[] = [];
      for await (const some of generatePictures(model, prompts, {
        ...options,
        scheduler: stochastic,
        batchSize,
      }))
        pictures.push(...some);
      return pictures;
    };
    const [together, alone] = [await all(3), await all(1)];
    expect(together.map(({ width, height }) => [width, height])).toEqual(prompts.map(() => [16, 16]));
    for (const [index, picture] of together.entries()) {
      expect(comparePixels(picture, alone[index]!).largest).toBeLessThanOrEqual(1);
    }
    expect(comparePixels(together[0]!, together[1]!).largest).toBeGreaterThan(1);
  });

  test('are judged by what the CLIP sees in them', async () => {
    const count = 6;
    const model = await riggedModel(device, /^$/);
    const quality = await resultOf(judgeGenerated(model, await blindClip(), { ...options, count }));
    expect(quality).toEqual({
      count,
      class: shareOf(count, ({ subject }) => subject.class === subjectClasses[0]),
      background: shareOf(count, ({ background }) => background.kind === backgroundKinds[0]),
      frechetDistance: 0,
    });
  });
});

describe('the attention of the class word', () => {
  const { schedule } = scheduler;

  test('shows nothing where attention tells no place from another', async () => {
    const uniform = await riggedModel(device, /attn2\.to_q/);
    const quality = await resultOf(judgeAttention(uniform, { count: 2, schedule, key: randomKey(1) }));
    expect(quality).toEqual({ count: 2, iou: 0, iouAtHalf: 0 });
  });

  test('is that of the subject, in the map that an edit takes', async () => {
    const prompted = await riggedModel(device, /^$/);
    const { model, tokenizer } = prompted;
    const key = randomKey(1);
    const quality = await resultOf(judgeAttention(prompted, { count: 2, schedule, key }));
    const overlaps: { readonly iou: number; readonly iouAtHalf: number }[] = [];
    for (const index of [0, 1]) {
      const { scene, picture, mask } = await drawHeldOut(index, 16);
      const prompt = promptOf(scene);
      const looking = subjectMap({
        device,
        network: model.unet,
        schedule,
        context: await contextOf(prompted, [prompt]),
        key: fold(key, index),
        source: await encodeImage(model, arrayFromPictures([picture])),
        positions: subjectFromWords(tokenizer, prompt, scene.subject.class).positions,
        noises: 1,
        refinements: 0,
      });
      const map = await resultOf(looking);
      const above = (threshold: number) => overlapAbove(threshold, map, mask);
      overlaps.push({ iou: above(otsuThreshold(map.data)!), iouAtHalf: above(0.5) });
    }
    const mean = (of: 'iou' | 'iouAtHalf') => (overlaps[0]![of] + overlaps[1]![of]) / 2;
    expect(quality.iou).toBeCloseTo(mean('iou'), 6);
    expect(quality.iouAtHalf).toBeCloseTo(mean('iouAtHalf'), 6);
    expect(quality.iou).toBeGreaterThan(0);
  });

  test.each([
    ['the subject exactly', [0.9, 0, 0, 0.1], 1],
    ['as much again', [0.9, 0.6, 0, 0], 0.5],
    ['another place', [0, 0, 1, 0], 0],
  ])('that covers %s', (_, values, overlap) => {
    const map = ndArray('float32', [2, 2], Float32Array.from(values));
    const mask = ndArray('float32', [2, 2], Float32Array.of(1, 0, 0, 0));
    expect(overlapAbove(0.5, map, mask)).toBe(overlap);
  });

  test('is compared in pixels', () => {
    const map = ndArray('float32', [1, 2], Float32Array.of(1, 0));
    const mask = ndArray('float32', [2, 4], Float32Array.of(1, 1, 0, 0, 1, 1, 0, 0));
    expect(overlapAbove(0.5, map, mask)).toBe(1);
  });
});

test('the figures of a model card that the model is held to have a bar', () => {
  const half = { count: 3, class: 0.5, background: 0.5, colour: 0.5, colourAlone: 0.2 };
  const figures = qualityFigures({
    autoencoder: { count: 2, psnr: 30, ssim: 0.9, bitsPerCell: 9 },
    decoder: { count: 2, psnr: 31, ssim: 0.95 },
    clip: half,
    denoising: { count: 3, error: 0.3 },
    generated: { ...half, frechetDistance: 0.1 },
    attention: { count: 4, iou: 0.6, iouAtHalf: 0.4 },
  });
  expect(figures.filter(({ bar }) => bar === undefined).map(({ value }) => value)).toEqual([
    9, 31, 0.95, 0.2, 0.3, 0.1, 0.4,
  ]);
  expect(
    figures.filter(({ value, bar }) => bar !== undefined && value >= bar).map(({ value }) => value),
  ).toEqual([30, 0.6]);
});
