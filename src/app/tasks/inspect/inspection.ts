import type { ConceptCard } from '../../../files/checkpoints/index.ts';
import type { RecipeValue } from '../../../files/images/index.ts';

/** What a file, folder or model of the hub holds: plain JSON. */
export type Inspection = { readonly path: string } & (
  | ModelInspection
  | LoraInspection
  | EmbeddingInspection
  | CustomDiffusionInspection
  | PictureInspection
);

export type InspectionKind = Inspection['kind'];

/** What lies beside the tensors. */
export interface CheckpointInspection {
  /** Of a folder that `personalize` or `edit` wrote. */
  readonly concept: ConceptCard | { readonly damaged: string } | undefined;
  /** Free text that safetensors files carry. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ModelInspection extends CheckpointInspection {
  readonly kind: 'model';
  readonly layout: string;
  readonly family: string;
  readonly networks: readonly NetworkInspection[];
  /** Width and height of the pictures that it was trained on, if the configuration tells. */
  readonly nativeSize: number | undefined;
  readonly prediction: string | undefined;
  readonly tokenizer: TokenizerInspection | undefined;
  readonly assumptions: readonly string[];
}

export interface NetworkInspection {
  readonly network: string;
  readonly parameters: number;
  /** Parameters by how they are stored. */
  readonly dtypes: Readonly<Record<string, number>>;
  /** Tensors without a place, each with the name that is nearest to it. */
  readonly surplus: readonly { readonly name: string; readonly nearest: string | undefined }[];
  /** Tensors that are known to change nothing. */
  readonly leftAside: readonly string[];
}

export interface TokenizerInspection {
  readonly tokens: number;
  /** Words that were added for concepts. */
  readonly placeholders: readonly { readonly token: string; readonly vectors: number }[];
}

export interface LoraInspection extends CheckpointInspection {
  readonly kind: 'LoRA';
  readonly layout: string;
  readonly ranks: readonly number[];
  readonly alphas: readonly number[];
  readonly networks: readonly { readonly network: string; readonly layers: number }[];
  /** Kinds of layers that it changes, with their number: `attn1.to_q`. */
  readonly targets: Readonly<Record<string, number>>;
  readonly unknownKeys: readonly string[];
}

export interface EmbeddingInspection extends CheckpointInspection {
  readonly kind: 'embedding';
  readonly layout: string;
  readonly tokens: readonly TokenInspection[];
}

export interface TokenInspection {
  readonly token: string;
  /** Who says so. */
  readonly tokenFrom: string;
  readonly vectors: number;
  readonly size: number;
  readonly dtype: string;
}

export interface CustomDiffusionInspection extends CheckpointInspection {
  readonly kind: 'Custom Diffusion';
  readonly layout: string;
  readonly weights: number;
  readonly parameters: number;
  /** Kinds of weights that it replaces, with their number: `attn2.to_k`. */
  readonly targets: Readonly<Record<string, number>>;
  readonly tokens: readonly TokenInspection[];
  readonly unknownKeys: readonly string[];
}

export interface PictureInspection {
  readonly kind: 'picture';
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly transparency: 'none' | 'alpha channel';
  readonly profile: string | undefined;
  /** What reading it changes: turned upright, converted to sRGB. */
  readonly changes: readonly string[];
  /** The text under `parameters`, as AUTOMATIC1111's web UI writes it. */
  readonly settings:
    | {
        readonly prompt: string;
        readonly negativePrompt: string;
        readonly settings: Readonly<Record<string, string>>;
      }
    | undefined;
  readonly recipe: { readonly [name: string]: RecipeValue } | undefined;
}
