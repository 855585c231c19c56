import type { LazyArray } from '../formats/lazy-array.ts';
import { type LazyArrays, reshaped } from './named-arrays.ts';

/** The networks of a Stable-Diffusion model. */
export type NetworkName = 'unet' | 'vae' | 'textEncoder';

/**
 * Tensors that files carry beside a network's parameters, by what they are. They change nothing that is computed:
 * position ids are 0, 1, 2, …; an exponential moving average counts its steps.
 */
const harmless: { readonly [N in NetworkName]: readonly RegExp[] } = {
  unet: [/^(decay|num_updates|optimization_step|min_decay|power|inv_gamma|update_after_step)$/],
  vae: [],
  textEncoder: [/(^|\.)position_ids$/, /^text_projection(\.weight)?$/, /^logit_scale$/],
};

/** How attention in the decoder's and encoder's middle was called before diffusers 0.17. */
const oldVaeAttention: ReadonlyMap<string, string> = new Map([
  ['query', 'to_q'],
  ['key', 'to_k'],
  ['value', 'to_v'],
  ['proj_attn', 'to_out.0'],
]);

export interface KnownNames {
  readonly arrays: LazyArrays;
  /** Names of the harmless tensors that were left out. */
  readonly leftAside: readonly string[];
}

/** The arrays of a diffusers weights file under today's names, without what is known to be harmless. */
export function underKnownNames(network: NetworkName, arrays: LazyArrays): KnownNames {
  const kept = new Map<string, LazyArray>();
  const leftAside: string[] = [];
  for (const [name, array] of arrays) {
    if (harmless[network].some((pattern) => pattern.test(name))) leftAside.push(name);
    else if (network === 'vae') kept.set(...modernVae(name, array));
    else kept.set(name, array);
  }
  return { arrays: kept, leftAside };
}

/** Some old files also keep these linear layers as 1x1 convolutions, as the original model has them. */
function modernVae(name: string, array: LazyArray): [string, LazyArray] {
  const [, place, layer, kind] =
    /^((?:en|de)coder\.mid_block\.attentions\.0)\.(\w+?)\.(?:0\.)?(\w+)$/.exec(name) ?? [];
  if (place === undefined || layer === 'group_norm') return [name, array];
  const modern = oldVaeAttention.get(layer!);
  const [rows, columns, ...kernel] = array.shape;
  const linear = kernel.length === 2 && kernel.every((size) => size === 1);
  return [
    modern === undefined ? name : `${place}.${modern}.${kind}`,
    linear ? reshaped(array, [rows!, columns!]) : array,
  ];
}
