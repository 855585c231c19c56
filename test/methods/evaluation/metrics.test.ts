import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  ndArray,
  openDevice,
  randomKey,
  type Tensor,
  type Tree,
} from '../../../src/engine/index.ts';
import {
  cosineSimilarity,
  cropToSubject,
  type EditCase,
  embedCaption,
  embedPicture,
  type HeldClip,
  Instruments,
  type MetricName,
  measurableMetrics,
  measure,
  metricNames,
  metrics,
} from '../../../src/methods/evaluation/index.ts';
import {
  clipText,
  clipVision,
  encodePrompts,
  preprocessClipImages,
  projectImage,
  projectText,
} from '../../../src/networks/clip/index.ts';
import { lpipsParameterSpecs } from '../../../src/networks/lpips/index.ts';
import { initializeParameters } from '../../../src/networks/nn/index.ts';
import { compute } from '../../networks/compute.ts';
import { noisePicture, painted, rectangleMask } from './pictures.ts';
import {
  hold,
  holdTinyClip,
  textParameters,
  tinyProcessor,
  tinyText,
  tinyVision,
  visionParameters,
} from './tiny-clip.ts';

const size = [40, 36] as const;
const subjectMask = rectangleMask(size, [10, 8, 30, 28]);
const oracleMask = rectangleMask(size, [5, 8, 30, 28]); // with a hat
const source = noisePicture(1, ...size);
const oracle = painted(source, oracleMask, 200);
const reference = { picture: noisePicture(2, 50, 30), mask: rectangleMask([50, 30], [10, 5, 40, 25]) };

const full: EditCase = {
  edited: painted(source, subjectMask, 150),
  source,
  caption: 'the cat',
  references: [reference, { picture: noisePicture(3, 20), mask: rectangleMask([20, 20], [2, 2, 18, 18]) }],
  subjectMask,
  editorMask: rectangleMask(size, [10, 8, 30, 18]),
  oracle,
  oracleMask,
};

let device: Device;
let clip: HeldClip;
let instruments: Instruments;
const none = () => new Instruments(device);

beforeAll(async () => {
  device = await openDevice('cpu');
  clip = await holdTinyClip(device);
  const lpipsAlex = await hold(
    device,
    'alex' as const,
    initializeParameters(randomKey(5), lpipsParameterSpecs('alex')),
  );
  instruments = new Instruments(device, { clip, pocketClip: clip, lpipsAlex });
});
afterAll(() => device.close());

/** Those that 40 x 36 pixels and these instruments allow. */
const measured = metricNames.filter((name) => name !== 'ms-ssim' && name !== 'lpips-vgg');

describe('every metric', () => {
  test.each(measured)('%s lies in its range', async (name) => {
    const value = await measure(name, full, instruments);
    const [least, most] = metrics[name].range;
    if (name !== 'lpips-alex') expect(value).toBeGreaterThanOrEqual(least); // random heads have negative weights
    expect(value).toBeLessThanOrEqual(most);
  });

  test.each([
    ['lpips-alex', 0],
    ['pocket-perceptual-distance', 0],
    ['ssim', 1],
    ['psnr', 100],
    ['l1', 0],
    ['background-psnr', 100],
    ['background-max-difference', 0],
  ] as const)('%s of a picture that was not edited is %d', async (name, expected) => {
    expect(await measure(name, { ...full, edited: source }, instruments)).toBe(expected);
  });

  test.each(measured.flatMap((name) => metrics[name].needs.map((part) => [name, part] as const)))(
    '%s without %s is refused',
    async (name, part) => {
      const { [part]: _, ...rest } = full;
      const edit = rest as EditCase;
      expect(measurableMetrics(edit, instruments)).not.toContain(name);
      await expect(measure(name, edit, instruments)).rejects.toThrow(
        new RegExp(`^${name}: [^;]* is needed; it is not there$`),
      );
    },
  );

  test.each(metricNames.filter((name) => metrics[name].instrument !== 'none'))(
    '%s without its network is refused with what to do',
    async (name) => {
      expect(measurableMetrics(full, none())).not.toContain(name);
      await expect(measure(name, full, none())).rejects.toThrow(
        new RegExp(`^${name}: measures with .*, which is not loaded; (fetch|name) `),
      );
    },
  );

  test.each(measured.filter((name) => (metrics[name].needs as readonly string[]).includes('source')))(
    '%s refuses a source of another size',
    async (name) => {
      const edit = { ...full, source: noisePicture(1, 36, 40) };
      await expect(measure(name, edit, instruments)).rejects.toThrow(
        `${name}: the pictures differ in size, 36 x 40 and 40 x 36`,
      );
    },
  );

  test('needs what it says and no more', () => {
    const of = (side: number) => {
      const picture = noisePicture(1, side);
      return measurableMetrics({ edited: picture, source: picture }, none());
    };
    expect(of(161)).toEqual(['ssim', 'ms-ssim', 'psnr', 'l1']);
    expect(of(160)).toEqual(['ssim', 'psnr', 'l1']);
    expect(of(10)).toEqual(['psnr', 'l1']);
  });

  test('that comes with an empty list of references is refused', async () => {
    await expect(measure('clip-i', { ...full, references: [] }, instruments)).rejects.toThrow(
      'clip-i: at least one reference picture is needed',
    );
  });
});

describe('regions', () => {
  const value = (name: MetricName, edit: EditCase) => measure(name, edit, none());

  test('the background is what neither the source nor the right edit covers', async () => {
    const hat = { ...full, edited: oracle };
    expect(await value('background-max-difference', hat)).toBe(0);
    const { oracleMask: _, ...withoutHat } = hat;
    expect(await value('background-max-difference', withoutHat)).toBeGreaterThan(0);
  });

  test('the subject is measured where it was asked to change', async () => {
    expect(await value('oracle-subject-l1', { ...full, edited: oracle })).toBe(0);
    // the hat of 5 rows is missing in the edited picture, the 20 rows below are 50 too dark
    const { oracleMask: _, ...withoutHat } = full;
    expect(await value('oracle-subject-l1', withoutHat)).toBeCloseTo(50 / 255, 10);
    expect(await value('mask-iou', full)).toBeCloseTo(0.5, 10);
  });
});

const unit = (values: readonly number[]) => {
  const length = Math.hypot(...values);
  return values.map((each) => each / length);
};

describe('CLIP', () => {
  const embed = (picture: typeof source) => {
    const { height, width, pixels } = picture;
    const [result] = compute(
      (inputs) => {
        const { parameters, pixels } = inputs as { parameters: Tree<Tensor>; pixels: Tensor };
        return [projectImage(parameters, clipVision(parameters, tinyVision, pixels).pooled)];
      },
      {
        parameters: visionParameters,
        pixels: preprocessClipImages([ndArray('uint8', [height, width, 3], pixels)], tinyProcessor),
      },
    );
    return unit([...(result!.data as Float32Array)]);
  };
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, each, index) => sum + each * b[index]!, 0);

  test('CLIP-I is the mean cosine to the references', async () => {
    const ours = embed(full.edited);
    const expected = full.references!.map(({ picture }) => dot(ours, embed(picture)));
    const value = await measure('clip-i', full, instruments);
    expect(value).toBeCloseTo((expected[0]! + expected[1]!) / 2, 5);
  });

  test('CLIP-I of subjects is that of the crops', async () => {
    const ours = embed(cropToSubject(full.edited, oracleMask));
    const expected = full.references!.map(({ picture, mask }) =>
      dot(ours, embed(cropToSubject(picture, mask!))),
    );
    const value = await measure('clip-i-subject', full, instruments);
    expect(value).toBeCloseTo((expected[0]! + expected[1]!) / 2, 5);
  });

  test('CLIP-I of subjects needs masks of the references', async () => {
    const edit = { ...full, references: [reference, { picture: source }] };
    await expect(measure('clip-i-subject', edit, instruments)).rejects.toThrow(
      'clip-i-subject: reference 2 has no mask',
    );
  });

  test('CLIP-T is the cosine of picture and caption', async () => {
    const [text] = compute(
      (inputs) => {
        const { parameters, ids } = inputs as { parameters: Tree<Tensor>; ids: Tensor };
        return [projectText(parameters, clipText(parameters, tinyText, ids).pooled)];
      },
      { parameters: textParameters, ids: encodePrompts(clip.text!.tokenizer, ['the cat']) },
    );
    const expected = dot(embed(full.edited), unit([...(text!.data as Float32Array)]));
    expect(await measure('clip-t', full, instruments)).toBeCloseTo(expected, 5);
  });

  test('a vision tower alone has no CLIP-T', async () => {
    const { text: _, ...seeing } = clip;
    await expect(measure('clip-t', full, new Instruments(device, { clip: seeing }))).rejects.toThrow(
      'clip-t: the CLIP model has no text tower',
    );
  });

  test('embeddings have length 1, and a picture is embedded once', async () => {
    const first = embedPicture(instruments, clip, source);
    expect(embedPicture(instruments, clip, source)).toBe(first);
    const caption = await embedCaption(instruments, clip.text!, 'the cat');
    for (const embedding of [await first, caption]) {
      expect(cosineSimilarity(embedding, embedding)).toBeCloseTo(1, 5);
    }
  });

  test('programs are closed with the instruments, and made again when asked for', async () => {
    const own = new Instruments(device, { clip });
    const before = await measure('clip-i', full, own);
    await own.dispose();
    expect(await measure('clip-i', full, own)).toBe(before);
    await own.dispose();
  });
});

describe('the pocket perceptual distance', () => {
  test('is the mean over layers and patches of |u − v|², u and v being the directions of their features', async () => {
    const states = [full.edited, source].map(({ height, width, pixels }) =>
      compute(
        (inputs) => {
          const { parameters, pixels } = inputs as { parameters: Tree<Tensor>; pixels: Tensor };
          return clipVision(parameters, tinyVision, pixels).hiddenStates.slice(0, 2);
        },
        {
          parameters: visionParameters,
          pixels: preprocessClipImages([ndArray('uint8', [height, width, 3], pixels)], tinyProcessor),
        },
      ),
    );
    const direction = (picture: number, layer: number, token: number): readonly number[] => {
      const values = states[picture]![layer]!.data as Float32Array;
      return unit([...values.subarray(8 * token, 8 * token + 8)]);
    };
    const distances = [0, 1].flatMap((layer) =>
      Array.from({ length: 16 }, (_, patch) => {
        const [u, v] = [direction(0, layer, patch + 1), direction(1, layer, patch + 1)];
        return u.reduce((sum, value, channel) => sum + (value - v[channel]!) ** 2, 0);
      }),
    );
    const expected = distances.reduce((sum, distance) => sum + distance, 0) / 32;
    expect(await measure('pocket-perceptual-distance', full, instruments)).toBeCloseTo(expected, 6);
  });

  test('grows with what is painted over, and is the same in both directions', async () => {
    const distance = (rows: number) =>
      measure(
        'pocket-perceptual-distance',
        { source, edited: painted(source, rectangleMask(size, [0, 0, rows, 36]), 150) },
        instruments,
      );
    const [few, more] = [await distance(6), await distance(30)];
    expect(few).toBeGreaterThan(0);
    expect(more).toBeGreaterThan(few);
    const swapped = { source: full.edited, edited: source };
    expect(await measure('pocket-perceptual-distance', swapped, instruments)).toBeCloseTo(
      await measure('pocket-perceptual-distance', full, instruments),
      6,
    );
  });
});
