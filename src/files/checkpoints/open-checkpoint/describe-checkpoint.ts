import { sizeOf } from '../../../engine/arrays/index.ts';
import { quote } from '../../formats/format-error.ts';
import { customDiffusionLayouts } from '../custom-diffusion/custom-diffusion.ts';
import type { CustomDiffusionFile } from '../custom-diffusion/read-custom-diffusion.ts';
import { embeddingLayouts, type LearnedEmbedding } from '../embedding/learned-embedding.ts';
import type { EmbeddingFile } from '../embedding/read-embedding.ts';
import { type LoraFile, loraLayouts, rankOf } from '../lora/lora.ts';
import type { MatchedLora } from '../lora/match-lora.ts';
import type { ArraySources } from '../named-arrays.ts';
import type { SingleFile } from '../single-file/open-single-file.ts';
import type { NetworkPart, StableDiffusion } from '../stable-diffusion.ts';

/** "model: Stable Diffusion (SD 1.x), a diffusers folder: UNet with 859.5 M parameters, …" */
export function describeModel(model: StableDiffusion | SingleFile): string {
  const { unet, vae, textEncoder, family, kind } = model;
  const parts = [unet, vae, textEncoder];
  const list = (select: (part: NetworkPart<unknown>) => readonly string[]) => parts.flatMap(select);
  return [
    `${model.name}: Stable Diffusion (${family}), a ${kind}: UNet with ${parameters(unet)}${inputs(unet.config.inputChannels)}, autoencoder with ${parameters(vae)}, text encoder with ${parameters(textEncoder)} (${textEncoder.config.layers} layers of ${textEncoder.config.hiddenSize})`,
    `all ${parts.reduce((sum, part) => sum + part.parameters.size, 0)} parameters found`,
    ...named(
      'tensor without a place',
      list(({ surplus }) => surplus),
    ),
    ...named(
      'tensor left aside',
      list(({ leftAside }) => leftAside),
    ),
    ...named('tensor of no network', extrasOf(model)),
    ...model.assumptions,
  ].join('; ');
}

/** Schedules, averages: what single files have beside the networks. */
const extrasOf = (model: StableDiffusion | SingleFile): readonly string[] => {
  if (!('extras' in model)) return [];
  const parts = [model.unet, model.vae, model.textEncoder];
  const said = new Set(parts.flatMap(({ leftAside, surplus }) => [...leftAside, ...surplus]));
  return [...model.extras.keys()].filter((name) => !said.has(name));
};

export const describeEmbedding = (path: string, { layout, embeddings }: EmbeddingFile): string =>
  `${path}: ${embeddings.length === 1 ? 'a learned embedding' : `${embeddings.length} learned embeddings`} in ${embeddingLayouts[layout]}: ${embeddings.map(describeToken).join(', ')}`;

export function describeLora(file: LoraFile, matched: MatchedLora | undefined): string {
  const count = (network: 'unet' | 'textEncoder') =>
    file.layers.filter((layer) => layer.network === network).length;
  const ranks = [...new Set(file.layers.map(rankOf))].sort((a, b) => a - b);
  const found =
    matched === undefined
      ? []
      : [`${counted(matched.unet.size + matched.textEncoder.size, 'layer')} found in the model`];
  return [
    `${file.name}: a LoRA in ${loraLayouts[file.layout]}, rank ${ranks.length === 1 ? ranks[0] : `${ranks[0]} to ${ranks.at(-1)}`}: ${counted(count('unet'), 'layer')} of the UNet, ${count('textEncoder')} of the text encoder`,
    ...found,
    ...named('layer without a place', matched?.unmatched ?? []),
    ...named('unknown key', file.unknownKeys),
  ].join('; ');
}

export const describeCustomDiffusion = (
  { name, layout, replacements, unknownKeys }: CustomDiffusionFile,
  embeddings: readonly LearnedEmbedding[],
): string =>
  [
    `${name}: Custom Diffusion in ${customDiffusionLayouts[layout]}: replaces ${counted(replacements.size, 'weight')} of cross-attention (${parametersOf(replacements)})`,
    embeddings.length === 0 ? 'no token with it' : embeddings.map(describeToken).join(', '),
    ...named('unknown key', unknownKeys),
  ].join('; ');

const describeToken = ({ token, tokenFrom, vectors: { shape } }: LearnedEmbedding): string =>
  `${quote(token)} (name from ${tokenFrom}) with ${counted(shape[0]!, 'vector')} of ${shape[1]}${family(shape[1])}`;

/** The families' text encoders differ in width. */
const family = (size: number | undefined): string =>
  size === 768 ? ', for SD 1.x' : size === 1024 ? ', for SD 2.x' : '';

/** Inpainting and other models see more than the latents. */
const inputs = (channels: number): string => (channels === 4 ? '' : ` and ${channels} input channels`);

const parameters = (part: NetworkPart<unknown>): string => parametersOf(part.parameters);

function parametersOf(arrays: ArraySources): string {
  let count = 0;
  for (const { shape } of arrays.values()) count += sizeOf(shape);
  return count < 1e6 ? `${count} parameters` : `${(count / 1e6).toFixed(1)} M parameters`;
}

const MOST_NAMED = 3;

/** "1 layer of the UNet", "2 layers of the UNet". */
const counted = (count: number, what: string): string =>
  `${count} ${count === 1 ? what : what.replace(/^(unknown )?\w+/, (noun) => `${noun}s`)}`;

function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const rest = names.length > MOST_NAMED ? ', …' : '';
  return [`${counted(names.length, what)}: ${names.slice(0, MOST_NAMED).map(quote).join(', ')}${rest}`];
}
