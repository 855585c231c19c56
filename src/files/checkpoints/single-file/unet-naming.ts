import { type InnerName, type ModuleNames, type Naming, namingOf } from './naming.ts';

/** What the numbers in a UNet's names depend on. */
export interface UnetPlan {
  /** Resnets of each level on the way down, finest first; there is one more on the way up. */
  readonly layers: readonly number[];
  /** Whether the blocks on the way up, coarsest first, have transformers: they shift the number of the upsampler. */
  readonly transformersUp: readonly boolean[];
}

/** Where the UNet is in an original file. */
export const originalUnet = 'model.diffusion_model';

/**
 * UNet2DConditionModel beside CompVis' openaimodel.UNetModel: there, all steps down are one numbered list, a
 * downsampler being a step of its own, and all steps up another, where the upsampler belongs to a level's last.
 */
export const unetNaming = (plan: UnetPlan): Naming =>
  namingOf(
    [
      { tree: 'time_embedding', original: 'time_embed', inside: perceptron },
      { tree: 'class_embedding', original: 'label_emb.0', inside: perceptron },
      { tree: 'conv_in', original: 'input_blocks.0.0' },
      ...downModules(plan),
      { tree: 'mid_block.resnets.0', original: 'middle_block.0', inside: resnet },
      { tree: 'mid_block.attentions.0', original: 'middle_block.1' },
      { tree: 'mid_block.resnets.1', original: 'middle_block.2', inside: resnet },
      ...upModules(plan),
      { tree: 'conv_norm_out', original: 'out.0' },
      { tree: 'conv_out', original: 'out.2' },
    ].map((module) => ({ ...module, original: `${originalUnet}.${module.original}` })),
  );

const perceptron: readonly InnerName[] = [
  ['linear_1', '0'],
  ['linear_2', '2'],
];

const resnet: readonly InnerName[] = [
  ['norm1', 'in_layers.0'],
  ['conv1', 'in_layers.2'],
  ['time_emb_proj', 'emb_layers.1'],
  ['norm2', 'out_layers.0'],
  ['conv2', 'out_layers.3'],
  ['conv_shortcut', 'skip_connection'],
];

function downModules({ layers }: UnetPlan): ModuleNames[] {
  let step = 1; // 0 is conv_in
  return layers.flatMap((count, level) => {
    const modules = numbers(count).flatMap((layer): ModuleNames[] => [
      {
        tree: `down_blocks.${level}.resnets.${layer}`,
        original: `input_blocks.${step + layer}.0`,
        inside: resnet,
      },
      { tree: `down_blocks.${level}.attentions.${layer}`, original: `input_blocks.${step + layer}.1` },
    ]);
    step += count;
    if (level === layers.length - 1) return modules;
    const downsampler = `down_blocks.${level}.downsamplers.0.conv`;
    return [...modules, { tree: downsampler, original: `input_blocks.${step++}.0.op` }];
  });
}

function upModules({ layers, transformersUp }: UnetPlan): ModuleNames[] {
  let step = 0;
  return layers.toReversed().flatMap((count, block) => {
    const modules = numbers(count + 1).flatMap((layer): ModuleNames[] => [
      {
        tree: `up_blocks.${block}.resnets.${layer}`,
        original: `output_blocks.${step + layer}.0`,
        inside: resnet,
      },
      ...(transformersUp[block]
        ? [{ tree: `up_blocks.${block}.attentions.${layer}`, original: `output_blocks.${step + layer}.1` }]
        : []),
    ]);
    step += count + 1;
    if (block === layers.length - 1) return modules;
    const upsampler = `output_blocks.${step - 1}.${transformersUp[block] ? 2 : 1}.conv`;
    return [...modules, { tree: `up_blocks.${block}.upsamplers.0.conv`, original: upsampler }];
  });
}

/** The plan of a parameter tree, by its names. */
export function planOfTree(names: Iterable<string>): UnetPlan {
  const layers: number[] = [];
  const transformersUp: boolean[] = [];
  for (const name of names) {
    const [, direction, block, kind, layer] = /^(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\./.exec(name) ?? [];
    const level = Number(block);
    if (direction === undefined || level >= MOST_STEPS || Number(layer) >= MOST_STEPS) continue;
    if (direction === 'down' && kind === 'resnets') {
      layers[level] = Math.max(layers[level] ?? 0, Number(layer) + 1);
    }
    if (direction === 'up') transformersUp[level] = (transformersUp[level] ?? false) || kind === 'attentions';
  }
  return { layers: filled(layers, 0), transformersUp: filled(transformersUp, false) };
}

/** The plan of an original file, by its names: `op` ends a level on the way down, `conv` one on the way up. */
export function planOfOriginal(names: Iterable<string>): UnetPlan {
  const downsamplers = new Set<number>();
  const transformers = new Set<number>();
  let steps = 0;
  for (const name of names) {
    const [, list, number, kind] =
      /^model\.diffusion_model\.(input|output)_blocks\.(\d+)\.\d+\.(\w+)/.exec(name) ?? [];
    const step = Number(number);
    if (list === undefined || step >= MOST_STEPS) continue;
    if (list === 'input') steps = Math.max(steps, step);
    if (list === 'input' && kind === 'op') downsamplers.add(step);
    if (list === 'output' && kind === 'transformer_blocks') transformers.add(step);
  }
  const ends = [...downsamplers].sort((a, b) => a - b);
  const layers = [...ends, steps + 1].map((end, level) => end - (ends[level - 1] ?? 0) - 1);
  let first = 0;
  const transformersUp = layers.toReversed().map((count) => {
    const found = transformers.has(first);
    first += count + 1;
    return found;
  });
  return { layers, transformersUp };
}

/** Stable Diffusion's: four levels of two, transformers in all but the coarsest. */
export const stableDiffusionPlan: UnetPlan = {
  layers: [2, 2, 2, 2],
  transformersUp: [false, true, true, true],
};

/** Stable Diffusion has 12 steps down and 12 up; a number out of a hostile name must not size a list. */
const MOST_STEPS = 256;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const filled = <T>(list: readonly T[], missing: T): T[] => Array.from(list, (item) => item ?? missing);
