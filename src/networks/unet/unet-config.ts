import type { ActivationName, DownsamplePadding, GroupNormOptions } from '../nn/index.ts';

/**
 * The architecture of a UNet2DConditionModel (Ronneberger et al. 2015, arXiv 1505.04597; Rombach et al. 2022,
 * arXiv 2112.10752), block by block: config.json's options resolved, so that computing, listing parameters and
 * initialising walk the same plan.
 */
export interface UnetConfig {
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Height and width of the latents that the model was trained on, if config.json tells. */
  readonly sampleSize: number | undefined;
  /** `centred`: the sample lies in 0 … 1 and is spread to −1 … 1 first. */
  readonly sampleRange: 'as it is' | 'centred';
  readonly inputKernel: number;
  readonly outputKernel: number;
  readonly norm: GroupNormOptions;
  readonly activation: ActivationName;
  readonly timeEmbedding: TimeEmbeddingConfig;
  readonly classEmbedding: ClassEmbeddingConfig;
  readonly downBlocks: readonly DownBlockConfig[];
  readonly midBlock: MidBlockConfig | undefined;
  readonly upBlocks: readonly UpBlockConfig[];
}

export interface TimeEmbeddingConfig {
  readonly sinusoid: SinusoidConfig;
  /** Size of the embedding that every resnet sees. */
  readonly size: number;
  /** After the embedding's second layer. */
  readonly finalActivation: ActivationName | undefined;
  /** After the class embedding was added. */
  readonly sumActivation: ActivationName | undefined;
}

export interface SinusoidConfig {
  readonly size: number;
  readonly order: 'cosines first' | 'sines first';
  /** The frequencies are 10000^(−i / (size / 2 − shift)). */
  readonly frequencyShift: number;
}

/** What class labels are: whole numbers, a further number like the timestep, or vectors. */
export type ClassEmbeddingConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'table'; readonly rows: number }
  | { readonly kind: 'timestep' }
  | { readonly kind: 'identity' }
  | { readonly kind: 'projection'; readonly inputSize: number }
  | { readonly kind: 'simple projection'; readonly inputSize: number };

export interface ResnetConfig {
  readonly inputChannels: number;
  readonly outputChannels: number;
}

/** The transformer behind each resnet of a block. */
export interface TransformerConfig {
  readonly channels: number;
  readonly heads: number;
  readonly layers: number;
  /** Size of the encoder's hidden states. */
  readonly contextSize: number;
  /** How pixels become tokens and tokens pixels: 1x1 convolutions (SD 1.x) or linear layers (SD 2.x). */
  readonly projection: 'convolution' | 'linear';
  /** What the first attention of a layer looks at: the pixels, or the context too (only_cross_attention). */
  readonly firstAttention: 'self' | 'context';
}

export interface DownBlockConfig {
  readonly resnets: readonly ResnetConfig[];
  readonly transformer: TransformerConfig | undefined;
  /** The last block does not halve the size. */
  readonly downsample: DownsamplePadding | 'none';
}

export interface MidBlockConfig {
  readonly channels: number;
  readonly transformer: TransformerConfig;
  /** What the sums of its resnets are divided by. */
  readonly outputScale: number;
}

export interface UpBlockConfig {
  /** Input channels count the skip connection's. */
  readonly resnets: readonly ResnetConfig[];
  readonly transformer: TransformerConfig | undefined;
  /** The last block does not enlarge; the others reach the size of the next skip connection. */
  readonly upsample: 'to the next skip' | 'none';
}

/** Channels that a block leaves behind. */
export const channelsAfter = ({ resnets }: DownBlockConfig | UpBlockConfig): number =>
  resnets.at(-1)!.outputChannels;

export const transformersOf = ({
  downBlocks,
  midBlock,
  upBlocks,
}: UnetConfig): readonly TransformerConfig[] =>
  [...downBlocks, ...upBlocks, ...(midBlock === undefined ? [] : [midBlock])].flatMap(
    ({ transformer }) => transformer ?? [],
  );
