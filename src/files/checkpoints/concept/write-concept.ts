import { join } from 'node:path';
import { FormatError } from '../../formats/format-error.ts';
import { replaceFile } from '../../formats/replace-file.ts';
import { writeCustomDiffusion } from '../custom-diffusion/write-custom-diffusion.ts';
import { replaceFolder, type WhereFolderExists } from '../diffusers-folder/replace-folder.ts';
import { writeDiffusersFolder } from '../diffusers-folder/write-diffusers-folder.ts';
import { writeEmbedding } from '../embedding/write-embedding.ts';
import { jsonText } from '../json-file.ts';
import type { LowRankUpdates } from '../lora/lora.ts';
import { writeLora } from '../lora/write-lora.ts';
import type { ArraySources, StoredFloats } from '../named-arrays.ts';
import type { WritableModel } from '../stable-diffusion.ts';
import type { Concept, NetworkChange } from './concept.ts';
import { type ConceptCard, conceptCardSchema, type MethodKind } from './concept-card.ts';

export interface WriteConceptOptions {
  /** The model it was learned on, which a folder of DreamBooth holds the rest of. */
  readonly base?: WritableModel;
  /** Default `refuse`. */
  readonly existing?: WhereFolderExists;
  /** Of DreamBooth's folder. Default `as they are`. */
  readonly floats?: StoredFloats;
}

/** The card's name in a concept's folder. */
export const cardName = 'concept.json';

/**
 * Writes a folder that other tools open, with a card of JSON beside. Textual Inversion: learned_embeds.safetensors.
 * DreamBooth: a diffusers folder. Custom Diffusion: pytorch_custom_diffusion_weights.bin and a file a token. LoRA:
 * pytorch_lora_weights.safetensors in kohya's layout. Learned words have learned_embeds files beside these. It is written
 * under a temporary name and then renamed.
 * @throws FormatError if the folder exists, the card is not one, or the base that DreamBooth needs is not given
 */
export async function writeConcept(
  path: string,
  card: ConceptCard,
  concept: Concept,
  options: WriteConceptOptions = {},
): Promise<void> {
  const checked = conceptCardSchema.safeParse(card);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new FormatError(
      `${path}: the concept's card has a wrong ${issue!.path.join('.')}: ${issue!.message}`,
    );
  }
  await replaceFolder(path, options.existing ?? 'refuse', async (folder) => {
    await writers[card.method.kind](folder, concept, options, path);
    await replaceFile(join(folder, cardName), (write) => write(Buffer.from(jsonText(card))));
  });
}

/** diffusers reads one word a file; the first is called as its script calls it. */
export const embeddingsName = (place: number): string =>
  place === 0 ? 'learned_embeds.safetensors' : `learned_embeds_${place + 1}.safetensors`;

type Writer = (folder: string, concept: Concept, options: WriteConceptOptions, path: string) => Promise<void>;

const writers: { readonly [M in MethodKind]: Writer } = {
  'textual-inversion': async (folder, concept) => {
    await writeEmbeddings(folder, concept);
  },
  dreambooth: async (folder, concept, { base, floats = 'as they are' }, path) => {
    if (base === undefined) {
      throw new FormatError(
        `${path}: DreamBooth's folder is a whole model; give the base that it was learned on`,
      );
    }
    const part = (network: 'unet' | 'textEncoder') => ({
      configJson: base[network].configJson,
      parameters: new Map([...base[network].parameters, ...replacedOf(concept[network])]),
    });
    const model = { ...base, unet: part('unet'), textEncoder: part('textEncoder') };
    await writeDiffusersFolder(folder, model, { floats, existing: 'replace' });
    await writeEmbeddings(folder, concept);
  },
  'custom-diffusion': async (folder, { unet, embeddings }) => {
    await writeCustomDiffusion(folder, { replacements: replacedOf(unet), embeddings });
  },
  lora: async (folder, concept) => {
    const lora = { unet: updatesOf(concept.unet), textEncoder: updatesOf(concept.textEncoder) };
    await writeLora(join(folder, 'pytorch_lora_weights.safetensors'), lora);
    await writeEmbeddings(folder, concept);
  },
};

async function writeEmbeddings(folder: string, { embeddings }: Concept): Promise<void> {
  for (const [place, embedding] of embeddings.entries()) {
    await writeEmbedding(join(folder, embeddingsName(place)), embedding);
  }
}

const replacedOf = (change: NetworkChange): ArraySources =>
  change.kind === 'replaced' ? change.parameters : new Map();

const updatesOf = (change: NetworkChange): LowRankUpdates =>
  change.kind === 'low rank' ? change.updates : new Map();
