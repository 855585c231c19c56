import { type NdArray, ndArray } from '../../engine/index.ts';
import { ConfigReader } from '../nn/index.ts';
import { type ResizeFilter, resizePixels } from './resize-pixels.ts';

type Size = readonly [height: number, width: number];

/** What happens to pictures before the vision tower sees them, in this order. */
export interface ClipImageProcessorConfig {
  readonly resize:
    | { readonly kind: 'shortest edge'; readonly size: number; readonly filter: ResizeFilter }
    | { readonly kind: 'exact'; readonly size: Size; readonly filter: ResizeFilter }
    | undefined;
  readonly centreCrop: Size | undefined;
  /** Pixels are multiplied by it: 1/255. */
  readonly rescaleFactor: number;
  /** Per channel: (x − mean) / deviation. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Reads a preprocessor_config.json of a CLIPImageProcessor (or CLIPFeatureExtractor); what is left out has
 * transformers' default: 224 pixels, bicubic, OpenAI's mean and deviation.
 * @throws a sentence that names the option
 */
export function parseClipImageProcessorConfig(json: unknown): ClipImageProcessorConfig {
  const reader = new ConfigReader('clip preprocessor config', json);
  const filter = filterOf(reader);
  const resizes = reader.flag('do_resize', true);
  const crops = reader.flag('do_center_crop', true);
  const rescales = reader.flag('do_rescale', true);
  const normalizes = reader.flag('do_normalize', true);
  const resize = parseResize(reader, filter);
  const crop = parseSize(reader, 'crop_size');
  const factor = reader.number('rescale_factor', { least: 0, most: 1e6, default: 1 / 255 });
  const mean = parseChannels(reader, 'image_mean', [0.48145466, 0.4578275, 0.40821073]);
  const deviation = parseChannels(reader, 'image_std', [0.26862954, 0.26130258, 0.27577711]);
  reader.finish(['do_convert_rgb', 'feature_extractor_type', 'image_processor_type', 'processor_class']);
  return {
    resize: resizes ? resize : undefined,
    centreCrop: crops ? crop : undefined,
    rescaleFactor: rescales ? factor : 1,
    mean: normalizes ? mean : [0, 0, 0],
    deviation: normalizes ? deviation : [1, 1, 1],
  };
}

/**
 * Pictures as the vision tower takes them: the shortest edge resized to 224 by Pillow's arithmetic, the middle
 * cut out, normalized.
 * @param pictures uint8 [height, width, 3] each, of any sizes
 * @returns float32 [pictures, 3, height, width]
 * @throws if a picture is no such array, or the pictures end up with different sizes
 */
export function preprocessClipImages(
  pictures: readonly NdArray<'uint8'>[],
  config: ClipImageProcessorConfig,
): NdArray<'float32'> {
  const cut = pictures.map((picture) => {
    if (picture.dtype !== 'uint8' || picture.shape.length !== 3 || picture.shape[2] !== 3) {
      throw new Error(
        `preprocessClipImages: a picture is uint8 [height, width, 3], got ${picture.dtype}[${picture.shape.join(', ')}]`,
      );
    }
    return crop(resize(picture, config), config.centreCrop);
  });
  const [height = 0, width = 0] = cut[0]?.shape ?? [];
  const other = cut.find(({ shape }) => shape[0] !== height || shape[1] !== width);
  if (other !== undefined) {
    throw new Error(
      `preprocessClipImages: pictures of one batch have one size, got ${width}x${height} and ${other.shape[1]}x${other.shape[0]}; crop them`,
    );
  }
  const area = height * width;
  const data = new Float32Array(pictures.length * 3 * area);
  cut.forEach((picture, index) => {
    for (let channel = 0; channel < 3; channel++) {
      const [mean, deviation] = [config.mean[channel]!, config.deviation[channel]!];
      for (let pixel = 0; pixel < area; pixel++) {
        const value = picture.data[pixel * 3 + channel]! * config.rescaleFactor;
        data[(index * 3 + channel) * area + pixel] = (value - mean) / deviation;
      }
    }
  });
  return ndArray('float32', [pictures.length, 3, height, width], data);
}

function resize(picture: NdArray<'uint8'>, { resize }: ClipImageProcessorConfig): NdArray<'uint8'> {
  if (resize === undefined) return picture;
  if (resize.kind === 'exact') return resizePixels(picture, resize.size, resize.filter);
  const [height, width] = picture.shape as [number, number, number];
  const along = (edge: number) => Math.trunc((resize.size * edge) / Math.min(height, width));
  return resizePixels(picture, [along(height), along(width)], resize.filter);
}

/** The middle of a picture; black where it is smaller. */
function crop(picture: NdArray<'uint8'>, size: Size | undefined): NdArray<'uint8'> {
  if (size === undefined) return picture;
  const [height, width] = picture.shape as [number, number, number];
  const top = Math.floor((height - size[0]) / 2);
  const left = Math.floor((width - size[1]) / 2);
  const data = new Uint8Array(size[0] * size[1] * 3);
  for (let row = Math.max(0, -top); row < Math.min(size[0], height - top); row++) {
    const start = Math.max(0, -left);
    const end = Math.min(size[1], width - left);
    const from = ((row + top) * width + start + left) * 3;
    data.set(picture.data.subarray(from, from + (end - start) * 3), (row * size[1] + start) * 3);
  }
  return ndArray('uint8', [...size, 3], data);
}

const sizeBounds = { least: 1, most: 8192 };

function filterOf(reader: ConfigReader): ResizeFilter {
  const filter = ({ 2: 'bilinear', 3: 'bicubic' } as const)[Number(reader.value('resample') ?? 3)];
  return filter ?? reader.refuse('resample', '2 (bilinear) or 3 (bicubic)');
}

/** One number is the shortest edge. */
function parseResize(reader: ConfigReader, filter: ResizeFilter): ClipImageProcessorConfig['resize'] {
  const value = reader.value('size') ?? 224;
  const edge = typeof value === 'number' ? value : (value as Record<string, unknown>).shortest_edge;
  if (edge === undefined) return { kind: 'exact', size: parseSize(reader, 'size'), filter };
  const size = new ConfigReader('clip preprocessor config', { size: edge }).wholeNumber('size', sizeBounds);
  return { kind: 'shortest edge', size, filter };
}

/** One number is a square. */
function parseSize(reader: ConfigReader, option: 'size' | 'crop_size'): Size {
  const value = reader.value(option) ?? 224;
  const sides = typeof value === 'number' ? { height: value, width: value } : value;
  const inner = new ConfigReader(`clip preprocessor config, ${option}`, sides);
  return [inner.wholeNumber('height', sizeBounds), inner.wholeNumber('width', sizeBounds)];
}

function parseChannels(reader: ConfigReader, option: string, usual: readonly number[]): readonly number[] {
  const value = reader.value(option) ?? usual;
  const isList = Array.isArray(value) && value.length === 3 && value.every((item) => Number.isFinite(item));
  return isList ? (value as readonly number[]) : reader.refuse(option, 'three numbers, one a channel');
}
