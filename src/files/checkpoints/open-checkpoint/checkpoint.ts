import type { CustomDiffusionFile } from '../custom-diffusion/read-custom-diffusion.ts';
import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import type { EmbeddingFile } from '../embedding/read-embedding.ts';
import type { LoraFile } from '../lora/lora.ts';
import type { MatchedLora } from '../lora/match-lora.ts';
import type { SingleFile } from '../single-file/open-single-file.ts';
import type { StableDiffusion } from '../stable-diffusion.ts';

/** What a path turned out to hold, opened. */
export type Checkpoint = (
  | { readonly kind: 'model'; readonly model: StableDiffusion | SingleFile }
  | { readonly kind: 'embedding'; readonly file: EmbeddingFile }
  | {
      readonly kind: 'LoRA';
      readonly file: LoraFile /** With a base. */;
      readonly matched: MatchedLora | undefined;
    }
  | {
      readonly kind: 'Custom Diffusion';
      readonly file: CustomDiffusionFile;
      /** Those of the file and of the token files beside it. */
      readonly embeddings: readonly LearnedEmbedding[];
    }
) & {
  readonly path: string;
  /** What was found: what it is, its family, keys with and without a place, sizes, tokens. */
  readonly sentence: string;
  /** Releases the files. */
  close(): Promise<void>;
};

export type CheckpointKind = Checkpoint['kind'];
