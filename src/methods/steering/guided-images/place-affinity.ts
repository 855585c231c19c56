import {
  add,
  type Device,
  divide,
  matmul,
  type NdArray,
  ndArray,
  norm,
  reshape,
  type Tensor,
  transpose,
} from '../../../engine/index.ts';
import type { Features, NamedFeature } from '../../diffusion/index.ts';

/** [places, places of the other]: how alike the places of two pictures are, from −1 to 1. */
export type Affinity = NdArray<'float32'>;

export interface CompiledAffinity {
  between(features: Features, others: Features, signal?: AbortSignal): Promise<Affinity>;
  dispose(): Promise<void>;
}

/** The mean cosine over self-attention features, the heads of one taken together. */
export async function compileAffinity(
  device: Device,
  features: readonly NamedFeature[],
): Promise<CompiledAffinity> {
  const side = Object.fromEntries(features.map(({ label, spec }) => [label, spec]));
  const program = await device.compile(
    ({ here, there }: Readonly<Record<'here' | 'there', Readonly<Record<string, Tensor>>>>) => {
      const cosines = features.map(({ label }) =>
        matmul(unitRows(here[label]!), unitRows(there[label]!), { transposeB: true }),
      );
      return { affinity: divide(cosines.reduce(add), cosines.length) };
    },
    { here: side, there: side },
  );
  return {
    async between(here, there, signal) {
      const { affinity } = await program.run({ here, there }, { ...(signal && { signal }) });
      return affinity as Affinity;
    },
    dispose: () => program.dispose(),
  };
}

/** [1, heads, places, size] → [places, heads · size], each row of length 1; outputs have no heads. */
function unitRows(x: Tensor): Tensor {
  const rows = reshape(x.rank === 4 ? transpose(x, [0, 2, 1, 3]) : x, [x.shape.at(-2)!, -1]);
  return divide(rows, add(norm(rows, { axes: [1], keepAxes: true }), 1e-6));
}

/** Features less their mean over the places, each counted by its weight, [places]. */
export const centreFeatures = (features: Features, weights: Float32Array): Features =>
  Object.fromEntries(
    Object.entries(features).map(([label, feature]) => [
      label,
      centre(feature as NdArray<'float32'>, weights),
    ]),
  );

function centre({ shape, data }: NdArray<'float32'>, weights: Float32Array): NdArray<'float32'> {
  const [places, size] = shape.slice(-2) as [number, number];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const centred = Float32Array.from(data);
  for (let head = 0; head < data.length; head += places * size) {
    const mean = new Float64Array(size);
    for (let i = 0; i < places * size; i++) {
      mean[i % size]! += (weights[Math.floor(i / size)]! / total) * data[head + i]!;
    }
    for (let i = 0; i < places * size; i++) centred[head + i]! -= mean[i % size]!;
  }
  return ndArray('float32', shape, centred);
}

/** Places that are looked at: how alike they are to one's own, how much each counts, and what stands there. */
export interface AttendedPlaces {
  readonly affinity: Affinity;
  /** [places] */
  readonly weights: Float32Array;
  /** [channels][places] */
  readonly values: readonly Float32Array[];
}

/**
 * Attention of places p to the places q of all pictures: Σ_q a(p, q) v(q), where a(p, q) sums to 1 and is proportional to
 * w(q) exp(s(p, q) / τ). [channels][places p]
 * @throws a sentence if all places weigh 0, or too little at this temperature
 */
export function attendPlaces(
  pictures: readonly AttendedPlaces[],
  temperature: number,
): readonly Float32Array[] {
  const [{ affinity, values: channels }] = pictures as [AttendedPlaces];
  const attended = channels.map(() => new Float32Array(affinity.shape[0]!));
  for (let p = 0; p < affinity.shape[0]!; p++) {
    const most = Math.max(...pictures.map((picture) => mostOf(picture, p)));
    const sums = new Float64Array(channels.length);
    let total = 0;
    for (const { affinity: likeness, weights, values } of pictures) {
      const row = p * weights.length;
      for (let q = 0; q < weights.length; q++) {
        const share = weights[q]! * Math.exp((likeness.data[row + q]! - most) / temperature);
        total += share;
        for (let channel = 0; channel < sums.length; channel++) {
          sums[channel]! += share * values[channel]![q]!;
        }
      }
    }
    if (!(total > 0)) {
      throw new Error(
        `attendPlaces: no place counts at a temperature of ${temperature}; raise it, or give a larger subject`,
      );
    }
    for (const [channel, sum] of sums.entries()) attended[channel]![p] = sum / total;
  }
  return attended;
}

/** The likest place that counts. */
function mostOf({ affinity, weights }: AttendedPlaces, p: number): number {
  const row = affinity.data.subarray(p * weights.length, (p + 1) * weights.length);
  return row.reduce((most, value, q) => (weights[q]! > 0 && value > most ? value : most), -1);
}
