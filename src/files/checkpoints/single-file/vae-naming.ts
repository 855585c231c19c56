import { type InnerName, type ModuleNames, type Naming, namingOf } from './naming.ts';

/** Where the autoencoder is in an original file. */
export const originalVae = 'first_stage_model';

/**
 * AutoencoderKL beside CompVis' autoencoder.AutoencoderKL: there, the decoder's levels are numbered from the finest
 * although the coarsest comes first, and attention is made of 1x1 convolutions.
 * @param levels resolutions: 4 in Stable Diffusion
 * @param layers resnets of a level on the way down; there is one more on the way up
 */
export const vaeNaming = ({ levels, layers }: VaePlan): Naming =>
  namingOf(
    [
      { tree: '', original: '' }, // quant_conv, post_quant_conv
      ...coderModules('encoder'),
      ...coderModules('decoder'),
      ...numbers(levels).flatMap((level): ModuleNames[] => [
        ...levelModules(`encoder.down_blocks.${level}`, `encoder.down.${level}`, layers),
        ...levelModules(`decoder.up_blocks.${levels - 1 - level}`, `decoder.up.${level}`, layers + 1),
      ]),
    ].map((module) => ({
      ...module,
      original: [originalVae, module.original].filter((part) => part !== '').join('.'),
    })),
  );

export interface VaePlan {
  readonly levels: number;
  readonly layers: number;
}

/** The plan of a file in either naming. */
export function vaePlanOf(names: Iterable<string>): VaePlan {
  let levels = 0;
  let layers = 0;
  for (const name of names) {
    const [, level, layer] =
      /(?:^|\.)encoder\.down(?:_blocks)?\.(\d+)\.(?:resnets|block)\.(\d+)\./.exec(name) ?? [];
    if (level === undefined || Number(level) >= MOST_LEVELS || Number(layer) >= MOST_LEVELS) continue;
    levels = Math.max(levels, Number(level) + 1);
    layers = Math.max(layers, Number(layer) + 1);
  }
  return { levels, layers };
}

/** A number out of a hostile name must not size a list. */
const MOST_LEVELS = 64;

const coderModules = (coder: 'encoder' | 'decoder'): ModuleNames[] => [
  { tree: `${coder}.mid_block.resnets.0`, original: `${coder}.mid.block_1`, inside: resnet },
  { tree: `${coder}.mid_block.attentions.0`, original: `${coder}.mid.attn_1`, inside: attention },
  { tree: `${coder}.mid_block.resnets.1`, original: `${coder}.mid.block_2`, inside: resnet },
  { tree: `${coder}.conv_norm_out`, original: `${coder}.norm_out` },
];

const levelModules = (tree: string, original: string, layers: number): ModuleNames[] => [
  ...numbers(layers).map((layer) => ({
    tree: `${tree}.resnets.${layer}`,
    original: `${original}.block.${layer}`,
    inside: resnet,
  })),
  tree.startsWith('encoder')
    ? { tree: `${tree}.downsamplers.0.conv`, original: `${original}.downsample.conv` }
    : { tree: `${tree}.upsamplers.0.conv`, original: `${original}.upsample.conv` },
];

const resnet: readonly InnerName[] = [['conv_shortcut', 'nin_shortcut']];

const attention: readonly InnerName[] = [
  ['group_norm', 'norm'],
  ['to_q.weight', 'q.weight', 'with a 1x1 kernel'],
  ['to_k.weight', 'k.weight', 'with a 1x1 kernel'],
  ['to_v.weight', 'v.weight', 'with a 1x1 kernel'],
  ['to_out.0.weight', 'proj_out.weight', 'with a 1x1 kernel'],
  ['to_q.bias', 'q.bias'],
  ['to_k.bias', 'k.bias'],
  ['to_v.bias', 'v.bias'],
  ['to_out.0.bias', 'proj_out.bias'],
];

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
