import type { LoraLayout, LoraNetwork } from './lora.ts';

/** What a key of a LoRA file says. */
export interface LoraKey {
  readonly layout: LoraLayout;
  readonly network: LoraNetwork;
  readonly module: string;
  readonly role: LoraRole;
}

export type LoraRole = 'down' | 'up' | 'alpha';

/** The key in its layout, or undefined if it is in none. */
export function parseLoraKey(key: string): LoraKey | undefined {
  for (const { layout, pattern } of spellings) {
    const { network, module, projection, role } = pattern.exec(key)?.groups ?? {};
    if (module === undefined || role === undefined) continue;
    const which = networkOf(network, module);
    return {
      layout,
      network: which,
      module: projection === undefined ? module : `${module}.${projections[which][projection]}`,
      role: roles[role]!,
    };
  }
  return undefined;
}

/** The key that diffusers 0.21 gives a layer of an attention; undefined for other modules, which it has no key for. */
export function diffusersLoraKey(network: LoraNetwork, module: string, role: LoraRole): string | undefined {
  const found = Object.entries(projections[network]).find(([, name]) => module.endsWith(`.${name}`));
  if (found === undefined) return undefined;
  const [projection, name] = found;
  const path = module.slice(0, -name.length - 1);
  return network === 'unet'
    ? `unet.${path}.processor.${projection}_lora.${role}.weight`
    : `text_encoder.${path}.${projection}_lora.${role}.weight`;
}

export const peftLoraKey = (network: LoraNetwork, module: string, role: 'down' | 'up'): string =>
  `${network === 'unet' ? 'unet' : 'text_encoder'}.${module}.lora_${role === 'down' ? 'A' : 'B'}.weight`;

export const kohyaLoraKey = (network: LoraNetwork, module: string, role: LoraRole): string =>
  `lora_${network === 'unet' ? 'unet' : 'te'}_${module.replaceAll('.', '_')}.${role === 'alpha' ? 'alpha' : `lora_${role}.weight`}`;

/**
 * The spellings: kohya-ss/sd-scripts' networks/lora.py; diffusers' LoRAAttnProcessor (with and without a network
 * before it) and its text encoder patch, 0.14 to 0.21; PEFT's state dicts, which diffusers writes since 0.22.
 */
const spellings: readonly { readonly layout: LoraLayout; readonly pattern: RegExp }[] = [
  {
    layout: 'kohya',
    pattern: /^lora_(?<network>unet|te)_(?<module>[^.]+)\.(?<role>lora_down|lora_up|alpha)(?:\.weight)?$/,
  },
  {
    layout: 'diffusers',
    pattern:
      /^(?:(?<network>unet|text_encoder)\.)?(?<module>.+?)\.(?:processor\.)?(?<projection>to_[qkv]|to_out)_lora\.(?<role>down|up|alpha)(?:\.weight)?$/,
  },
  {
    layout: 'diffusers',
    pattern:
      /^(?:(?<network>unet|text_encoder)\.)?(?<module>.+?)\.lora(?:_linear_layer)?\.(?<role>down|up)\.weight$/,
  },
  {
    layout: 'peft',
    pattern:
      /^(?:base_model\.model\.)?(?:(?<network>unet|text_encoder)\.)?(?<module>.+?)\.(?<role>lora_A|lora_B)(?:\.default)?\.weight$/,
  },
  {
    layout: 'peft',
    pattern: /^(?:base_model\.model\.)?(?:(?<network>unet|text_encoder)\.)?(?<module>.+?)\.(?<role>alpha)$/,
  },
];

const roles: Readonly<Record<string, LoraRole>> = {
  down: 'down',
  up: 'up',
  lora_down: 'down',
  lora_up: 'up',
  lora_A: 'down',
  lora_B: 'up',
  alpha: 'alpha',
};

/** diffusers' processors name a projection alike in both networks. */
const projections: { readonly [N in LoraNetwork]: Readonly<Record<string, string>> } = {
  unet: { to_q: 'to_q', to_k: 'to_k', to_v: 'to_v', to_out: 'to_out.0' },
  textEncoder: { to_q: 'q_proj', to_k: 'k_proj', to_v: 'v_proj', to_out: 'out_proj' },
};

/** The oldest files name no network: they are the UNet's. */
const networkOf = (network: string | undefined, module: string): LoraNetwork =>
  network === 'te' ||
  network === 'text_encoder' ||
  (network === undefined && module.startsWith('text_model.'))
    ? 'textEncoder'
    : 'unet';
