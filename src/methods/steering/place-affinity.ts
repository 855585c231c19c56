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
} from '../../engine/index.ts';
import type { Features, NamedFeature } from '../diffusion/index.ts';

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
 * Attention of places p to the places q of one or more pictures: Σ_q a(p, q) v(q), where a(p, q) sums to 1 and is
 * proportional to w(q) exp(s(p, q) / τ). [channels][places p]
 */
export function attendPlaces(
  pictures: readonly AttendedPlaces[],
  temperature: number,
): readonly Float32Array[] {
  const [{ affinity, values }] = pictures as [AttendedPlaces];
  const [places, width] = affinity.shape as [number, number];
  return values.map((_, channel) =>
    Float32Array.from({ length: places }, (__, p) => {
      let [sum, total] = [0, 0];
      for (const { affinity, weights, values } of pictures) {
        for (let q = 0; q < width; q++) {
          // Affinities are at most 1, so that no exponent is above 0.
          const share = weights[q]! * Math.exp((affinity.data[p * width + q]! - 1) / temperature);
          total += share;
          sum += share * values[channel]![q]!;
        }
      }
      return sum / total;
    }),
  );
}
