import type { ArraySource } from '../../formats/lazy-array.ts';
import type { NetworkName } from '../known-names.ts';

/** The networks that have low-rank updates. */
export type LoraNetwork = Exclude<NetworkName, 'vae'>;

/** Whose names a LoRA file has. */
export type LoraLayout = keyof typeof loraLayouts;

/** Each layout in words. */
export const loraLayouts = {
  diffusers: "diffusers' layout (attention processors)",
  peft: "PEFT's layout (lora_A, lora_B)",
  kohya: "kohya's layout",
} as const;

/** A LoRA file: Hu et al. 2021, arXiv 2106.09685. Names are the file's until `matchLora` finds their parameters. */
export interface LoraFile {
  readonly name: string;
  readonly layout: LoraLayout;
  readonly layers: readonly LoraLayer[];
  /** Keys that are no part of a layer. */
  readonly unknownKeys: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export interface LoraLayer extends LowRankUpdate {
  readonly network: LoraNetwork;
  /** Path of the module: with dots, or as kohya writes it with underscores for them. */
  readonly module: string;
}

/** W + scale · alpha / rank · up · down. */
export interface LowRankUpdate {
  /** [rank, in] or [rank, in, height, width] */
  readonly down: ArraySource;
  /** [out, rank] or [out, rank, 1, 1] */
  readonly up: ArraySource;
  /** Undefined stands for the rank, which makes the factor 1. */
  readonly alpha: number | undefined;
}

/** By the names of the weights that they change, `….attn1.to_q.weight`. */
export type LowRankUpdates = ReadonlyMap<string, LowRankUpdate>;

export interface Lora {
  readonly unet: LowRankUpdates;
  readonly textEncoder: LowRankUpdates;
}

export const rankOf = ({ down }: LowRankUpdate): number => down.shape[0]!;
