import { stat } from 'node:fs/promises';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { confinedFolder, findInside } from '../confined-folder.ts';
import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import { readEmbedding } from '../embedding/read-embedding.ts';
import { readJsonFile } from '../json-file.ts';
import type { LoraBase } from '../lora/match-lora.ts';
import { matchLora } from '../lora/match-lora.ts';
import type { Checkpoint } from '../open-checkpoint/checkpoint.ts';
import { type CheckpointOptions, openCheckpoint } from '../open-checkpoint/open-checkpoint.ts';
import type { Concept, NetworkChange, OpenedConcept } from './concept.ts';
import { type ConceptCard, conceptCardSchema } from './concept-card.ts';
import { cardName, embeddingsName } from './write-concept.ts';

export interface ReadConceptOptions extends Omit<CheckpointOptions, 'base'> {
  /** Shapes of the model's parameters, by which a LoRA's names are understood. */
  readonly base: LoraBase;
}

/**
 * Opens a concept: a folder of `writeConcept`, or what other tools save, a learned embedding, a LoRA, Custom
 * Diffusion or a whole model (DreamBooth). Weights stay on disk.
 * @throws FormatError, one sentence, if it is none of these, its card is damaged, or it is for another family
 */
export async function readConcept(path: string, options: ReadConceptOptions): Promise<OpenedConcept> {
  const card = await readConceptCard(path);
  const checkpoint = await openCheckpoint(path, options);
  try {
    const beside = card === undefined ? [] : await embeddingsBeside(path, checkpoint, card);
    const own = await locate(path, () => changesOf(checkpoint, options.base));
    const embeddings = inOrder([...own.embeddings, ...beside], card);
    return {
      ...own,
      embeddings,
      card,
      tokenizerFiles: checkpoint.kind === 'model' ? checkpoint.model.tokenizerFiles : undefined,
      sentence: checkpoint.sentence,
      close: checkpoint.close,
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/**
 * The card in a concept's folder; undefined for everything else.
 * @throws FormatError if there is one and it is damaged
 */
export async function readConceptCard(path: string): Promise<ConceptCard | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isDirectory()) return undefined;
  const file = await findInside(await confinedFolder(path), cardName);
  if (file === undefined) return undefined;
  const parsed = conceptCardSchema.safeParse(await readJsonFile(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue!.path.length === 0 ? 'it' : quote(issue!.path.join('.'));
  throw new FormatError(
    `${file}: is no card of a concept (${where}: ${issue!.message}); it was damaged or made by a newer version`,
  );
}

/** The files of the card's words that `writeConcept` put beside the checkpoint. */
async function embeddingsBeside(
  path: string,
  { kind }: Checkpoint,
  { tokens }: ConceptCard,
): Promise<readonly LearnedEmbedding[]> {
  const folder = await confinedFolder(path);
  const found: LearnedEmbedding[] = [];
  for (const [place, { word }] of tokens.entries()) {
    const name = kind === 'Custom Diffusion' ? `${word}.bin` : embeddingsName(place);
    const file = await findInside(folder, name);
    if (file !== undefined) found.push(...(await readEmbedding(file)).embeddings);
  }
  return found;
}

/** As the card has them: their places decide which rows of the table are theirs. */
function inOrder(
  embeddings: readonly LearnedEmbedding[],
  card: ConceptCard | undefined,
): readonly LearnedEmbedding[] {
  if (card === undefined) return embeddings;
  return card.tokens.map(({ word, vectors }) => {
    const embedding = embeddings.find(({ token }) => token === word);
    if (embedding?.vectors.shape[0] === vectors) return embedding;
    const found = embedding === undefined ? 'none' : `${embedding.vectors.shape[0]}`;
    throw new FormatError(
      `${cardName}: tells of ${quote(word)} with ${vectors} vector(s), the files beside it have ${found}; fetch the whole folder again`,
    );
  });
}

type Changes = Omit<Concept, 'embeddings'> & { readonly embeddings: readonly LearnedEmbedding[] };

const nothing: NetworkChange = { kind: 'nothing' };

function changesOf(checkpoint: Checkpoint, base: LoraBase): Changes {
  switch (checkpoint.kind) {
    case 'embedding':
      return { embeddings: checkpoint.file.embeddings, unet: nothing, textEncoder: nothing };
    case 'Custom Diffusion':
      return {
        embeddings: checkpoint.embeddings,
        unet: { kind: 'replaced', parameters: checkpoint.file.replacements },
        textEncoder: nothing,
      };
    case 'LoRA': {
      const { unet, textEncoder } = checkpoint.matched ?? matchLora(checkpoint.file, base);
      return {
        embeddings: [],
        unet: { kind: 'low rank', updates: unet },
        textEncoder: textEncoder.size === 0 ? nothing : { kind: 'low rank', updates: textEncoder },
      };
    }
    case 'model':
      return {
        embeddings: [],
        unet: { kind: 'replaced', parameters: checkpoint.model.unet.parameters },
        textEncoder: { kind: 'replaced', parameters: checkpoint.model.textEncoder.parameters },
      };
  }
}
