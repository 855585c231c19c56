import {
  fold,
  type NdArray,
  ndArray,
  normal,
  type RandomKey,
  type Shape,
} from '../../../engine/arrays/index.ts';
import type { Device } from '../../../engine/index.ts';
import type { UnetConfig } from '../../../networks/unet/index.ts';
import {
  type HeldNetwork,
  type Latents,
  levelAt,
  type NoiseSchedule,
  noiseTo,
  requireFinite,
} from '../../diffusion/index.ts';
import { listAttentionLayers } from './attention-layers.ts';
import { type AttentionChoice, chooseAttention } from './choose-attention.ts';
import { type AttentionReading, compileAttention } from './compile-attention.ts';
import { type Plane, resizePlane } from './resize-plane.ts';

export interface SubjectMapSettings extends AttentionChoice {
  /** How noisy the source is when it is looked at, as shares of the schedule from 0 to 1. Default 0.1, 0.2 … 0.5. */
  readonly times?: readonly number[];
  /** Noises drawn a time. Default 2. */
  readonly noises?: number;
  /** Rounds of refinement by self-attention. Default 1; 0 leaves it out. */
  readonly refinements?: number;
}

/** Who looks, and how. */
export interface SubjectMapLooker extends SubjectMapSettings {
  readonly device: Device;
  /** The pre-trained UNet. */
  readonly network: HeldNetwork<UnetConfig>;
  readonly schedule: NoiseSchedule;
}

/** What is looked at. */
export interface SubjectMapSource {
  /** ẑ, [1, channels, height, width]. */
  readonly source: Latents;
  /** The source prompt, [1, tokens, size]. */
  readonly context: NdArray;
  /** Of the subject's tokens in the prompt. */
  readonly positions: readonly number[];
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

export type SubjectMapOptions = SubjectMapLooker & SubjectMapSource;

export interface CompiledSubjectMap {
  /** See `subjectMap`. */
  readonly look: (at: SubjectMapSource) => AsyncGenerator<AttentionEvent, Plane, undefined>;
  readonly dispose: () => Promise<void>;
}

/** After each call of the UNet. */
export interface AttentionEvent {
  readonly kind: 'attention';
  /** 0 … count − 1 */
  readonly step: number;
  readonly count: number;
}

/**
 * Where the subject is: a plane as large as the latents, from 0 to 1. The cross-attention of the subject's word on the
 * noised source, averaged over heads, layers, times and noises (Hertz et al. 2022, arXiv 2208.01626, section 3.2;
 * DreamSteerer takes its mask from it), then carried along self-attention, m ← A m, so that places that look alike
 * share it, and stretched to 0 … 1. It is 0 everywhere where attention tells no place from another.
 * @throws a sentence for settings that make no sense, a UNet without cross-attention, or attention that is not finite
 */
export async function* subjectMap(
  options: SubjectMapOptions,
): AsyncGenerator<AttentionEvent, Plane, undefined> {
  const shapes = { sample: options.source.shape, context: options.context.shape };
  const { look, dispose } = await compileSubjectMap(options, shapes);
  try {
    return yield* look(options);
  } finally {
    await dispose();
  }
}

/**
 * `subjectMap` for any number of sources of one size.
 * @param shapes of the latents, [1, channels, height, width], and of the context, [1, tokens, size]
 */
export async function compileSubjectMap(
  { device, network, schedule, ...settings }: SubjectMapLooker,
  shapes: { readonly sample: Shape; readonly context: Shape },
): Promise<CompiledSubjectMap> {
  const { noises = 2, refinements = 1 } = settings;
  const timesteps = timestepsOf(settings, schedule);
  checkCounts(noises, refinements);
  const size = shapes.sample.slice(2) as [height: number, width: number];
  const tokens = shapes.context[1]!;
  const layers = listAttentionLayers(network.config, size, tokens);
  const chosen = chooseAttention(layers, settings);
  const { read, dispose } = await compileAttention(device, network, chosen, shapes);
  const count = timesteps.length * noises;
  return {
    async *look({ source, context, positions, key, signal }) {
      const words = wordWeights(positions, tokens);
      const readings: AttentionReading[] = [];
      for (let step = 0; step < count; step++) {
        signal?.throwIfAborted();
        const at = timesteps[Math.floor(step / noises)]!;
        const noise = normal(fold(fold(key, 'attention'), step), source.shape);
        const sample = noiseTo(levelAt(schedule, at), source, noise);
        const timestep = ndArray('float32', [1], Float32Array.of(at));
        readings.push(await read({ sample, timestep, context, words }, signal));
        yield { kind: 'attention', step, count };
      }
      return mapOf(readings, size, refinements);
    },
    dispose,
  };
}

/** What was read, as a plane of the size: averaged, refined, stretched. */
export function mapOf(
  readings: readonly AttentionReading[],
  size: readonly [height: number, width: number],
  refinements: number,
): Plane {
  const matrix = averageSelf(readings);
  const planes = readings.flatMap(({ cross }) => cross);
  const finest = planes.reduce((a, b) => (b.plane.data.length > a.plane.data.length ? b : a)).plane;
  // Where there is self-attention its grid is the one to average on.
  const grid = readings[0]!.self?.size ?? (finest.shape as [number, number]);
  let map = averagePlanes(planes, grid);
  requireFinite(map, "subjectMap: the cross-attention of the subject's word holds");
  for (let round = 0; round < refinements && matrix !== undefined; round++) {
    map = { ...map, data: carryAlong(matrix, map.data) };
  }
  requireFinite(map, 'subjectMap: the map after refinement by self-attention holds');
  return stretch(resizePlane(map, size));
}

function averagePlanes(
  planes: AttentionReading['cross'],
  grid: readonly [height: number, width: number],
): Plane {
  const total = planes.reduce((sum, { layers }) => sum + layers, 0);
  const sum = new Float64Array(grid[0] * grid[1]);
  for (const { layers, plane } of planes) {
    resizePlane(plane, grid).data.forEach((value, place) => {
      sum[place]! += (layers / total) * value;
    });
  }
  return ndArray('float32', grid, Float32Array.from(sum));
}

/** The mean of the readings' matrices. */
function averageSelf(readings: readonly AttentionReading[]): Float64Array | undefined {
  const [first] = readings;
  if (first?.self === undefined) return undefined;
  const sum = new Float64Array(first.self.matrix.data.length);
  for (const { self } of readings) {
    self!.matrix.data.forEach((value, index) => {
      sum[index]! += value / readings.length;
    });
  }
  return sum;
}

/** m ← A m: each place gets the average of those that it attends to. */
const carryAlong = (matrix: Float64Array, map: Float32Array): Float32Array =>
  map.map((_, place) => {
    const row = place * map.length;
    return map.reduce((sum, value, other) => sum + matrix[row + other]! * value, 0);
  });

/** From 0, at the least element, to 1; a plane of one value becomes 0. */
function stretch(plane: Plane): Plane {
  const [least, most] = plane.data.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ) as [number, number];
  const range = most - least;
  return { ...plane, data: plane.data.map((value) => (range > 0 ? (value - least) / range : 0)) };
}

function timestepsOf(
  { times = [0.1, 0.2, 0.3, 0.4, 0.5] }: SubjectMapSettings,
  schedule: NoiseSchedule,
): number[] {
  const wrong = times.find((time) => !(time >= 0 && time <= 1));
  if (wrong !== undefined || times.length === 0) {
    throw new Error(
      `subjectMap: the times are one or more shares of the schedule, from 0 to 1, got ${wrong ?? 'none'}`,
    );
  }
  return times.map((time) => Math.round(time * (schedule.alphasCumprod.length - 1)));
}

/** 1 shared by the subject's tokens; 0 elsewhere. */
function wordWeights(positions: readonly number[], tokens: number): NdArray {
  const outside = positions.find(
    (position) => !(Number.isInteger(position) && position >= 0 && position < tokens),
  );
  if (positions.length === 0 || outside !== undefined) {
    throw new Error(
      `subjectMap: the subject has one or more positions among ${tokens} tokens, got ${outside ?? 'none'}`,
    );
  }
  const data = new Float32Array(tokens);
  for (const position of positions) data[position] = 1 / positions.length;
  return ndArray('float32', [tokens], data);
}

function checkCounts(noises: number, refinements: number): void {
  if (!(Number.isSafeInteger(noises) && noises >= 1)) {
    throw new Error(`subjectMap: the number of noises is a whole number ≥ 1, got ${noises}`);
  }
  if (!(Number.isSafeInteger(refinements) && refinements >= 0)) {
    throw new Error(`subjectMap: the number of refinements is a whole number ≥ 0, got ${refinements}`);
  }
}
