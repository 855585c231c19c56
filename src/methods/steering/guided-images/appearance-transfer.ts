import { fold, ndArray, normal, Owner, type RandomKey } from '../../../engine/index.ts';
import {
  contextOf,
  type Features,
  type Latents,
  levelAt,
  type NamedFeature,
  type NoiseSchedule,
  noiseTo,
  type PromptedModel,
  timestep,
  weightedSum,
} from '../../diffusion/index.ts';
import { channelOf, type Plane, resizePlane } from '../../editing/index.ts';
import {
  type Affinity,
  type AttendedPlaces,
  attendPlaces,
  centreFeatures,
  compileAffinity,
} from './place-affinity.ts';
import { compileRecorder, type FeatureRecorder } from './record-features.ts';
import {
  chooseSelfAttentions,
  gridOf,
  type LayerChoice,
  latentSize,
  specifyFeatures,
} from './self-attention-features.ts';

/** How like places of two pictures are found. */
export interface PlaceComparison {
  /** Self-attentions whose queries and keys are compared; of these, those of the most places. */
  readonly layers: LayerChoice;
  /** How noisy pictures are when they are looked at, as shares of the schedule from 0 to 1. */
  readonly times: readonly number[];
  /** Noises drawn at each time. */
  readonly noises: number;
  /** τ of the softmax over mean cosines. */
  readonly temperature: number;
}

export interface AppearanceTransferOptions {
  readonly comparison: PlaceComparison;
  /** φ */
  readonly pretrained: PromptedModel;
  readonly schedule: NoiseSchedule;
  /** ẑ, [1, channels, height, width]. */
  readonly source: Latents;
  /** ŷ */
  readonly sourcePrompt: string;
  /** M, as large as the latents, from 0 to 1 and not 0 everywhere. */
  readonly mask: Plane;
  /** r, of the concept, one or more; shaped like ẑ. */
  readonly drawings: readonly Latents[];
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

/** After each call of φ's UNet. */
export interface LookingEvent {
  readonly kind: 'looking';
  /** 0 … count − 1 */
  readonly step: number;
  readonly count: number;
}

/**
 * The photo with its subject in the concept's appearance, in latents:
 *
 *     x̃ = ẑ + M ⊙ ( A_r r − A_ẑ ẑ ),      A_x(p, q) ∝ w_x(q)² exp( cos(f_p, f_q) / τ ),   Σ_q A_x(p, q) = 1
 *
 * A_x is attention from the places p of the photo to those q of the subject in x, by queries and keys f of φ, which looks
 * at all pictures under noise and ŷ: A_r r is, for each place of the photo, what the concept has in the places that are
 * like it. A_ẑ ẑ is the photo seen as coarsely, so that its finer parts stay; if r is the photo, nothing changes. Places
 * are compared less the mean of their subject, whose colour does not count so. w_x, where the subject is in x, is told by
 * the same attention with the mean: from x to the photo it carries M over.
 *
 * Attention between two images transfers appearance in Alaluf et al. 2023 (arXiv 2311.03335), and features of diffusion
 * models find like places in Tang et al. 2023 (arXiv 2306.03881).
 * @throws a sentence if the UNet has no such self-attention
 */
export async function* transferAppearance(
  options: AppearanceTransferOptions,
): AsyncGenerator<LookingEvent, Latents> {
  const { comparison, pretrained, source, sourcePrompt, mask, drawings, signal } = options;
  const { model } = pretrained;
  const { features, grid } = comparedFeatures(options);
  const context = await contextOf(pretrained, [sourcePrompt]);
  await using owner = new Owner();
  const { device, unet } = model;
  const recorder = owner.use(await compileRecorder(device, unet, features, context, source.shape));
  const likeness = owner.use(await compileAffinity(device, atEachTime(features, comparison.times)));
  const between: Between = (here, there) => likeness.between(here, there, signal);
  const { temperature } = comparison;
  const labels = features.map(({ label }) => label);
  const seen = yield* lookAt(options, recorder, labels, source, 0);
  const photo = { features: seen, subject: resizePlane(mask, grid).data };
  const itself = await subjectPlaces(between, seen, photo, temperature);
  const concept: AttendedPlaces[] = [];
  for (const [index, drawing] of drawings.entries()) {
    const theirs = yield* lookAt(options, recorder, labels, drawing, 1 + index);
    const { weights, affinity } = await subjectPlaces(
      between,
      theirs,
      { ...photo, own: itself.centred },
      temperature,
    );
    concept.push({ weights, affinity, values: channelsOf(drawing, grid) });
  }
  const carried = attendPlaces(concept, temperature);
  const blurred = attendPlaces([{ ...itself, values: channelsOf(source, grid) }], temperature);
  const change = carried.map((channel, c) => channel.map((value, place) => value - blurred[c]![place]!));
  return changeSubject(source, mask, change, grid);
}

type Between = (here: Features, there: Features) => Promise<Affinity>;

/** What the photo's places are compared by. */
export interface PhotoPlaces {
  readonly features: Features;
  /** M at these places. */
  readonly subject: Float32Array;
  /** Its features less their mean over the subject; without them the photo itself is looked at. */
  readonly own?: Features;
}

export interface SubjectPlaces extends Omit<AttendedPlaces, 'values'> {
  readonly centred: Features;
}

/** Where the subject is in a picture, as squared shares, and how alike its places are to the photo's. */
export async function subjectPlaces(
  between: Between,
  seen: Features,
  photo: PhotoPlaces,
  temperature: number,
): Promise<SubjectPlaces> {
  const everywhere = new Float32Array(photo.subject.length).fill(1);
  const toPhoto = await between(seen, photo.features);
  const [shares] = attendPlaces(
    [{ affinity: toPhoto, weights: everywhere, values: [photo.subject] }],
    temperature,
  );
  // Squared, so that many places that are hardly the subject's do not add up.
  const weights = shares!.map((share) => share * share);
  const centred = centreFeatures(seen, weights);
  return { weights, centred, affinity: await between(photo.own ?? centred, centred) };
}

/** Those of the most places, so that all have the same. */
function comparedFeatures({
  comparison,
  pretrained: { model, tokenizer },
  source,
}: AppearanceTransferOptions) {
  const { config } = model.unet;
  const size = latentSize(source.shape);
  const chosen = chooseSelfAttentions(config, size, comparison.layers, 'queries and keys').map((name) => ({
    name,
    grid: gridOf(config, size, name),
  }));
  const placesOf = ([height, width]: readonly [number, number]) => height * width;
  const { grid } = chosen.reduce((a, b) => (placesOf(b.grid) > placesOf(a.grid) ? b : a));
  const names = chosen.filter((each) => placesOf(each.grid) === placesOf(grid)).map(({ name }) => name);
  return { grid, features: specifyFeatures(config, size, tokenizer.length, names) };
}

/** What φ sees in a picture, 0 the photo: of each time the mean over the noises, which are the same for all pictures. */
async function* lookAt(
  { comparison: { times, noises }, schedule, drawings, key, signal }: AppearanceTransferOptions,
  recorder: FeatureRecorder,
  labels: readonly string[],
  picture: Latents,
  index: number,
): AsyncGenerator<LookingEvent, Features> {
  const looks = times.length * noises;
  const seen: Record<string, Latents> = {};
  for (const [level, time] of times.entries()) {
    const at = timestep(Math.round(time * (schedule.alphasCumprod.length - 1)));
    const readings: Features[] = [];
    for (let draw = 0; draw < noises; draw++) {
      const noise = normal(fold(fold(key, level), draw), picture.shape);
      readings.push(await recorder.record(noiseTo(levelAt(schedule, at), picture, noise), at, signal));
      const step = index * looks + level * noises + draw;
      yield { kind: 'looking', step, count: (1 + drawings.length) * looks };
    }
    for (const label of labels) {
      const terms = readings.map((reading) => [1 / noises, reading[label] as Latents] as const);
      seen[labelAt(label, level)] = weightedSum(...terms);
    }
  }
  return seen;
}

const labelAt = (label: string, time: number): string => `${label}time${time}`;

const atEachTime = (features: readonly NamedFeature[], times: readonly number[]): readonly NamedFeature[] =>
  times.flatMap((_, time) =>
    features.map((feature) => ({ ...feature, label: labelAt(feature.label, time) })),
  );

/** Each channel at the grid's places. */
const channelsOf = (latents: Latents, grid: readonly [height: number, width: number]): Float32Array[] =>
  Array.from(
    { length: latents.shape[1]! },
    (_, channel) => resizePlane(channelOf(latents, channel), grid).data,
  );

/** ẑ + M ⊙ change, which is given for the grid's places. */
function changeSubject(
  source: Latents,
  mask: Plane,
  change: readonly Float32Array[],
  grid: readonly [height: number, width: number],
): Latents {
  const planes = change.map(
    (channel) => resizePlane(ndArray('float32', grid, channel), latentSize(source.shape)).data,
  );
  const places = mask.data.length;
  return ndArray(
    'float32',
    source.shape,
    source.data.map(
      (value, i) => value + mask.data[i % places]! * planes[Math.floor(i / places)]![i % places]!,
    ),
  );
}
