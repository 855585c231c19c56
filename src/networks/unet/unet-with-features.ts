import type { Tensor, Tree } from '../../engine/index.ts';
import { type FeatureName, type FeatureSelection, selectFeatures } from '../nn/index.ts';
import { type UnetInput, unet } from './unet.ts';
import type { UnetConfig } from './unet-config.ts';

export interface UnetWithFeatures {
  readonly prediction: Tensor;
  /** The recorded ones, by name. */
  readonly features: Readonly<Record<FeatureName, Tensor>>;
}

/**
 * A prediction with chosen intermediate features recorded or replaced by name, such as
 * `up_blocks.1.attentions.1.transformer_blocks.0.attn1.queries` (see `FeatureKind` for what there is).
 * @throws ShapeError for a name that the UNet does not have, with the nearest one; for a replacement of the wrong
 * shape
 */
export function unetWithFeatures(
  tree: Tree<Tensor>,
  config: UnetConfig,
  unetInput: Omit<UnetInput, 'features'>,
  selection: FeatureSelection,
): UnetWithFeatures {
  const { hook, collect } = selectFeatures(selection);
  const prediction = unet(tree, config, { ...unetInput, features: hook });
  return { prediction, features: collect() };
}
