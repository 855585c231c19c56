import type { Shape } from '../../../engine/arrays/index.ts';
import { nearestName } from '../../../networks/nn/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { planOfTree, unetNaming } from '../single-file/unet-naming.ts';
import type { Lora, LoraFile, LoraLayer, LoraNetwork, LowRankUpdate } from './lora.ts';

/** Shapes of the parameters that a LoRA is for: a model's, or `new Map(flatten(tree))`. */
export type LoraBase = { readonly [N in LoraNetwork]: ReadonlyMap<string, { readonly shape: Shape }> };

export interface MatchedLora extends Lora {
  /** Modules that the base does not have. */
  readonly unmatched: readonly string[];
}

/**
 * Finds the weight that each layer changes.
 * @throws FormatError if there is none for any layer, or one of another shape: the LoRA is for another model
 */
export function matchLora(file: LoraFile, base: LoraBase): MatchedLora {
  const index = { unet: indexOf(base.unet), textEncoder: indexOf(base.textEncoder) };
  const matched = { unet: new Map<string, LowRankUpdate>(), textEncoder: new Map<string, LowRankUpdate>() };
  const unmatched: string[] = [];
  for (const layer of file.layers) {
    const name = index[layer.network].get(layer.module);
    if (name === undefined) {
      unmatched.push(layer.module);
      continue;
    }
    checkShape(file.name, layer, name, base[layer.network].get(name)!.shape);
    matched[layer.network].set(name, { down: layer.down, up: layer.up, alpha: layer.alpha });
  }
  if (unmatched.length === file.layers.length) throw nothingMatched(file, base);
  return { ...matched, unmatched };
}

/** Modules under every name that files have for them → the weight's name. */
function indexOf(base: ReadonlyMap<string, unknown>): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  const naming = unetNaming(planOfTree(base.keys()));
  for (const name of base.keys()) {
    if (!name.endsWith('.weight')) continue;
    const module = name.slice(0, -'.weight'.length);
    const original = naming.toOriginal(name)?.name.replace(/^model\.diffusion_model\.|\.weight$/g, '');
    index.set(module, name);
    index.set(module.replaceAll('.', '_'), name);
    if (original !== undefined) index.set(original.replaceAll('.', '_'), name);
  }
  return index;
}

function checkShape(file: string, { down, up }: LoraLayer, name: string, shape: Shape): void {
  const size = (shape: Shape, from: number) => shape.slice(from).reduce((product, each) => product * each, 1);
  if (up.shape[0] === shape[0] && size(down.shape, 1) === size(shape, 1)) return;
  throw new FormatError(
    `${file}: changes ${quote(name)} by up [${up.shape.join(', ')}] · down [${down.shape.join(', ')}], but the model has it as [${shape.join(', ')}]; the LoRA was made for another family of models`,
  );
}

function nothingMatched(file: LoraFile, base: LoraBase): FormatError {
  const { module, network } = file.layers[0]!;
  const nearest = nearestName(module, base[network].keys());
  return new FormatError(
    `${file.name}: none of its ${file.layers.length} layers is in the model; the first is ${quote(module)}${nearest === undefined ? '' : `, the nearest parameter ${quote(nearest)}`}; it was made for another kind of model`,
  );
}
