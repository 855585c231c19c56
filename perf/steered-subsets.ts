import type { MethodKind } from '../src/files/checkpoints/index.ts';
import { loraBeside, type SteeredLayers, type SteeredSubset } from '../src/methods/steering/index.ts';

interface SteeredCase {
  readonly kind: MethodKind;
  /** Default: all that the concept learned. */
  readonly subset?: SteeredSubset;
}

const learned = (layers: SteeredLayers): SteeredSubset => ({ kind: 'learned', part: 'networks', layers });

/** What steering can move, from the fewest parameters to the most. */
export const steeredSubsets: Readonly<Record<string, SteeredCase>> = {
  'the word of Textual Inversion': { kind: 'textual-inversion' },
  'a LoRA': { kind: 'lora' },
  'the keys, values and word of Custom Diffusion': { kind: 'custom-diffusion' },
  'a LoRA beside DreamBooth': { kind: 'dreambooth', subset: loraBeside },
  'the keys and values of DreamBooth': { kind: 'dreambooth', subset: learned('keys and values') },
  'the cross-attention of DreamBooth': { kind: 'dreambooth', subset: learned('cross-attention') },
  'the attention of DreamBooth': { kind: 'dreambooth', subset: learned('attention') },
  'all of DreamBooth': { kind: 'dreambooth' },
};
