import {
  add,
  type Device,
  divide,
  mean,
  multiply,
  type NdArray,
  reshape,
  type Shape,
  spec,
  sum,
  type Tensor,
} from '../../../engine/index.ts';
import { type UnetConfig, unetWithFeatures } from '../../../networks/unet/index.ts';
import { compileNetwork, type HeldNetwork, type Latents } from '../../diffusion/index.ts';
import type { AttentionLayer } from './attention-layers.ts';
import { type ChosenAttention, placesOf } from './choose-attention.ts';
import type { Plane } from './resize-plane.ts';

export interface AttentionInput {
  /** x_t, [1, channels, height, width]. */
  readonly sample: Latents;
  /** [1] */
  readonly timestep: NdArray;
  /** The source prompt, [1, tokens, size]. */
  readonly context: NdArray;
  /** Weight of each token, [tokens]: the subject's share 1. */
  readonly words: NdArray;
}

/** Means over heads and layers. */
export interface AttentionReading {
  /** What the words got of each place's attention to the text: a plane a size, and how many layers it stands for. */
  readonly cross: readonly { readonly layers: number; readonly plane: Plane }[];
  /** Undefined without self-attention. */
  readonly self: SelfAttention | undefined;
}

export interface SelfAttention {
  /** Of the places. */
  readonly size: readonly [height: number, width: number];
  /** [places, places]: a row is how one place attends to all, and sums to 1. */
  readonly matrix: NdArray<'float32'>;
}

export interface CompiledAttention {
  read(input: AttentionInput, signal?: AbortSignal): Promise<AttentionReading>;
  dispose(): Promise<void>;
}

/** A program that answers with the averages only: the probabilities of all heads stay on the device. */
export async function compileAttention(
  device: Device,
  network: HeldNetwork<UnetConfig>,
  { cross, self }: ChosenAttention,
  shapes: { readonly sample: Shape; readonly context: Shape },
): Promise<CompiledAttention> {
  const groups = groupBySize(cross);
  const program = await compileNetwork(
    device,
    network,
    (parameters, { sample, timestep, context, words }) => {
      const record = [...cross, ...self].map(({ feature }) => feature);
      const input = { sample, timestep, encoderHiddenStates: context };
      const { features } = unetWithFeatures(parameters, network.config, input, { record });
      const averageOf = (layers: readonly AttentionLayer[], of: (probabilities: Tensor) => Tensor) =>
        divide(layers.map(({ feature }) => of(features[feature]!)).reduce(add), layers.length);
      const outputs: Record<string, Tensor> = {};
      groups.forEach((layers, index) => {
        outputs[`cross${index}`] = reshape(
          averageOf(layers, (probabilities) =>
            mean(sum(multiply(probabilities, words), { axes: [-1] }), { axes: [0, 1] }),
          ),
          layers[0]!.size,
        );
      });
      if (self.length > 0) {
        outputs.self = averageOf(self, (probabilities) => mean(probabilities, { axes: [0, 1] }));
      }
      return outputs;
    },
    {
      sample: spec(shapes.sample),
      timestep: spec([1]),
      context: spec(shapes.context),
      words: spec([shapes.context[1]!]),
    },
  );
  return {
    async read(input, signal) {
      const options = signal === undefined ? {} : { signal };
      const outputs = (await program.run({ ...input }, network.parameters, options)) as Readonly<
        Record<string, Plane>
      >;
      return {
        cross: groups.map(({ length }, index) => ({ layers: length, plane: outputs[`cross${index}`]! })),
        self: outputs.self && { size: self[0]!.size, matrix: outputs.self },
      };
    },
    dispose: () => program.dispose(),
  };
}

function groupBySize(layers: readonly AttentionLayer[]): (readonly AttentionLayer[])[] {
  const groups = new Map<string, AttentionLayer[]>();
  for (const layer of layers) {
    const size = layer.size.join('x');
    groups.set(size, [...(groups.get(size) ?? []), layer]);
  }
  return [...groups.values()].sort((a, b) => placesOf(a[0]!.size) - placesOf(b[0]!.size));
}
