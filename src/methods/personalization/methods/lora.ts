import {
  add,
  flatten,
  fold,
  type LazySource,
  matmul,
  multiply,
  type NdArray,
  type RandomKey,
  reshape,
  sizeOf,
  type Tensor,
  type Tree,
  unflatten,
  uniform,
  zeros,
} from '../../../engine/index.ts';
import { type LoraTarget, loraTargets } from '../../../files/checkpoints/index.ts';
import { withLeaves } from '../model-trees.ts';
import type { PersonalizationMethod, SettingsOf } from './personalization-method.ts';

/**
 * LoRA (Hu et al. 2021, arXiv 2106.09685, section 4.1): W + alpha / rank · up · down, with W frozen. `down` is
 * random and `up` zero at first, so that learning starts at the base. Each weight's learned leaves stand below its
 * module's path: `….to_q.down` [rank, in …] and `….to_q.up` [out, rank], of convolutions [out, rank, 1, 1].
 */
export const lora = (settings: SettingsOf<'lora'>): PersonalizationMethod => ({
  async initialize({ unet, textEncoder }, key) {
    const chosen = flatten<LazySource>(unet).filter(([path]) =>
      settings.targets.some((target) => unetTargets[target].test(path)),
    );
    if (chosen.length === 0) {
      throw new Error(`LoRA: the UNet has no layer among the targets ${settings.targets.join(', ')}`);
    }
    const text = flatten<LazySource>(textEncoder).filter(([path]) => textAttention.test(path));
    return {
      unet: initializeUpdates(chosen, settings.rank, fold(key, 'unet')),
      ...(settings.textEncoder === 'trained' && {
        textEncoder: initializeUpdates(text, settings.rank, fold(key, 'text')),
      }),
    };
  },
  apply: (base, learned) => ({
    unet: updated(base.unet, learned.unet, settings),
    textEncoder: updated(base.textEncoder, learned.textEncoder, settings),
  }),
});

/** Weights of the UNet by what they are called in diffusers' names. */
const unetTargets: { readonly [T in LoraTarget]: RegExp } = {
  attention: /\.attn[12]\.(to_[qkv]|to_out\.0)\.weight$/,
  'cross-attention': /\.attn2\.(to_[qkv]|to_out\.0)\.weight$/,
  'feed-forward': /\.ff\.net\.(0\.proj|2)\.weight$/,
  projections: /\.proj_(in|out)\.weight$/,
  convolutions: /\.resnets\.\d+\.conv[12]\.weight$/,
};

const textAttention = /\.self_attn\.([qkv]|out)_proj\.weight$/;

/** The targets that these weights of a UNet belong to, for a LoRA that says nothing of them. */
export const targetsOf = (paths: Iterable<string>): LoraTarget[] => {
  const all = [...paths];
  return loraTargets.filter((target) => all.some((path) => unetTargets[target].test(path)));
};

/** Whether tools have a name for a low-rank update of this weight, of either network. */
export const isLoraTarget = (path: string): boolean =>
  targetsOf([path]).length > 0 || textAttention.test(path) || /\.mlp\.fc[12]\.weight$/.test(path);

/** down: uniform within 1 / √in, as linear layers are; up: zero. */
function initializeUpdates(
  weights: readonly (readonly [path: string, weight: LazySource])[],
  rank: number,
  key: RandomKey,
): Tree<NdArray> {
  const entries = weights.flatMap(([path, { shape }]) => {
    const [outputs = 0, ...rest] = shape;
    const inputs = sizeOf(rest);
    const module = path.replace(/\.weight$/, '');
    const ones = new Array<number>(Math.max(0, shape.length - 2)).fill(1);
    return [
      [`${module}.down`, uniform(fold(key, path), [rank, ...rest], -(inputs ** -0.5), inputs ** -0.5)],
      [`${module}.up`, zeros([outputs, rank, ...ones])],
    ] as const;
  });
  return unflatten(entries);
}

function updated(
  tree: Tree<Tensor>,
  updates: Tree<Tensor> | undefined,
  { alpha, rank }: SettingsOf<'lora'>,
): Tree<Tensor> {
  if (updates === undefined) return tree;
  const weights = new Map(flatten<Tensor>(tree));
  const parts = new Map(flatten<Tensor>(updates));
  const changed = new Map<string, Tensor>();
  for (const [path, down] of parts) {
    if (!path.endsWith('.down')) continue;
    const module = path.slice(0, -'.down'.length);
    const up = parts.get(`${module}.up`);
    const weight = weights.get(`${module}.weight`);
    if (up === undefined || weight === undefined) {
      throw new Error(
        `LoRA: "${module}" has ${up === undefined ? 'no up matrix' : 'no weight in the model'}`,
      );
    }
    const own = down.shape[0]!;
    const product = matmul(reshape(up, [up.shape[0]!, own]), reshape(down, [own, -1])); // [out, in …]
    changed.set(`${module}.weight`, add(weight, reshape(multiply(product, alpha / rank), weight.shape)));
  }
  return withLeaves(tree, changed);
}
