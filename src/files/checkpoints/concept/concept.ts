import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import type { LowRankUpdates } from '../lora/lora.ts';
import type { ArraySources } from '../named-arrays.ts';
import type { ConceptCard } from './concept-card.ts';

/** What a concept changes in a network. */
export type NetworkChange =
  | { readonly kind: 'nothing' }
  /** Other parameters in their places, some or all. */
  | { readonly kind: 'replaced'; readonly parameters: ArraySources }
  | { readonly kind: 'low rank'; readonly updates: LowRankUpdates };

/** A learned subject of any method: the vectors of its words, and what it changes in the networks. */
export interface Concept {
  readonly embeddings: readonly Pick<LearnedEmbedding, 'token' | 'vectors'>[];
  readonly unet: NetworkChange;
  readonly textEncoder: NetworkChange;
}

/** A concept of a file or folder. */
export interface OpenedConcept extends Concept {
  /** Undefined for what other tools saved. */
  readonly card: ConceptCard | undefined;
  /** Of a whole model: its words may be in its tokenizer, and its table is its text encoder's. */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array> | undefined;
  /** What was found, a sentence. */
  readonly sentence: string;
  /** Releases the files; arrays cannot be read after that. */
  close(): Promise<void>;
}
