import { stat } from 'node:fs/promises';
import { sizeOf } from '../../../engine/index.ts';
import {
  type ArraySources,
  type Checkpoint,
  type CustomDiffusionFile,
  type EmbeddingFile,
  type LearnedEmbedding,
  type LoraFile,
  type NetworkPart,
  openCheckpoint,
  readConceptCard,
  readTokenizer,
  type StableDiffusion,
} from '../../../files/checkpoints/index.ts';
import { FormatError, openArrays } from '../../../files/formats/index.ts';
import { parseSchedulerConfig } from '../../../methods/diffusion/index.ts';
import { vocabularySize } from '../../../networks/clip/index.ts';
import { nearestName } from '../../../networks/nn/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type {
  CheckpointInspection,
  CustomDiffusionInspection,
  EmbeddingInspection,
  Inspection,
  LoraInspection,
  ModelInspection,
  NetworkInspection,
  TokenInspection,
} from './inspection.ts';

/** What `openCheckpoint` finds, in numbers; no weights are read. */
export async function inspectCheckpoint(path: string, variant: 'full' | 'fp16'): Promise<Inspection> {
  const checkpoint = await openCheckpoint(path, variant === 'fp16' ? { variant } : {});
  try {
    const metadata = await metadataOf(path, checkpoint);
    const concept = await cardOf(path);
    return { path, concept, metadata, ...(await contentsOf(checkpoint)) };
  } finally {
    await checkpoint.close();
  }
}

type Beside = 'concept' | 'metadata';

type Contents =
  | Omit<ModelInspection, Beside>
  | Omit<LoraInspection, Beside>
  | Omit<EmbeddingInspection, Beside>
  | Omit<CustomDiffusionInspection, Beside>;

function contentsOf(checkpoint: Checkpoint): Contents | Promise<Contents> {
  switch (checkpoint.kind) {
    case 'model':
      return modelContents(checkpoint.model);
    case 'LoRA':
      return loraContents(checkpoint.file);
    case 'embedding':
      return embeddingContents(checkpoint.file);
    case 'Custom Diffusion':
      return customDiffusionContents(checkpoint.file, checkpoint.embeddings);
  }
}

/** What is beside a damaged card can be looked at still. */
const cardOf = (path: string): Promise<CheckpointInspection['concept']> =>
  readConceptCard(path).catch((error: unknown) => {
    if (error instanceof FormatError) return { damaged: error.message };
    throw error;
  });

async function metadataOf(path: string, checkpoint: Checkpoint): Promise<Readonly<Record<string, string>>> {
  if (checkpoint.kind === 'LoRA') return Object.fromEntries(checkpoint.file.metadata);
  if (!(await stat(path)).isFile()) return {};
  const file = await openArrays(path);
  await file.close();
  return Object.fromEntries(file.metadata);
}

async function modelContents(model: StableDiffusion) {
  const { unet, vae, textEncoder, kind, family, schedulerConfig, tokenizerFiles, assumptions, name } = model;
  const cells = unet.config.sampleSize;
  const prediction = parseSchedulerConfig(schedulerConfig).prediction_type;
  const tokenizer = tokenizerFiles.size === 0 ? undefined : await readTokenizer(name, tokenizerFiles);
  return {
    kind: 'model',
    layout: kind,
    family,
    networks: [
      networkContents('UNet', unet),
      networkContents('autoencoder', vae),
      networkContents('text encoder', textEncoder),
    ],
    nativeSize: cells === undefined ? undefined : cells * pixelsPerCell(vae.config),
    prediction: typeof prediction === 'string' ? prediction : undefined,
    tokenizer: tokenizer && {
      tokens: vocabularySize(tokenizer),
      placeholders: Array.from(tokenizer.placeholders, ([token, ids]) => ({ token, vectors: ids.length })),
    },
    assumptions,
  } as const;
}

function networkContents(
  network: string,
  { parameters, surplus, leftAside }: NetworkPart<unknown>,
): NetworkInspection {
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of parameters.values()) dtypes[dtype] = (dtypes[dtype] ?? 0) + sizeOf(shape);
  return {
    network,
    parameters: countOf(parameters),
    dtypes,
    surplus: surplus.map((name) => ({ name, nearest: nearestName(name, parameters.keys()) })),
    leftAside,
  };
}

const loraNetworks = { unet: 'UNet', textEncoder: 'text encoder' } as const;

function loraContents({ layout, layers, unknownKeys }: LoraFile) {
  const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
  return {
    kind: 'LoRA',
    layout,
    ranks: ascending(layers.map(({ down }) => down.shape[0]!)),
    alphas: ascending(layers.flatMap(({ alpha }) => alpha ?? [])),
    networks: (['unet', 'textEncoder'] as const).map((network) => ({
      network: loraNetworks[network],
      layers: layers.filter((layer) => layer.network === network).length,
    })),
    targets: tally(layers.map(({ module }) => targetOf(module))),
    unknownKeys,
  } as const;
}

const embeddingContents = ({ layout, embeddings }: EmbeddingFile) =>
  ({ kind: 'embedding', layout, tokens: embeddings.map(tokenContents) }) as const;

const customDiffusionContents = (
  { layout, replacements, unknownKeys }: CustomDiffusionFile,
  embeddings: readonly LearnedEmbedding[],
) =>
  ({
    kind: 'Custom Diffusion',
    layout,
    weights: replacements.size,
    parameters: countOf(replacements),
    targets: tally(Array.from(replacements.keys(), (name) => targetOf(name.replace(/\.(weight|bias)$/, '')))),
    tokens: embeddings.map(tokenContents),
    unknownKeys,
  }) as const;

const tokenContents = ({ token, tokenFrom, vectors }: LearnedEmbedding): TokenInspection => ({
  token,
  tokenFrom,
  vectors: vectors.shape[0]!,
  size: vectors.shape[1]!,
  dtype: vectors.dtype,
});

/** The end of a module's path that says what it is: `…attentions_0_transformer_blocks_0_attn1_to_q` → `attn1.to_q`. */
function targetOf(module: string): string {
  const part =
    /(attn\d[._]to_(?:q|k|v|out)|ff[._]net|proj_in|proj_out|self_attn[._](?:q|k|v|out)_proj|mlp[._]fc\d|conv\d?|time_emb_proj|conv_shortcut)/.exec(
      module,
    )?.[1];
  return (part ?? module.split('.').at(-1)!).replace(/^(attn\d|ff|self_attn|mlp)_/, '$1.');
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function countOf(arrays: ArraySources): number {
  let count = 0;
  for (const { shape } of arrays.values()) count += sizeOf(shape);
  return count;
}
