import { formatShape, refuse, type Shape, sameShape, type Tensor } from '../../engine/index.ts';

/**
 * An intermediate value that a network offers: where it is, by the path of the part that makes it
 * (`up_blocks.1.attentions.0.transformer_blocks.0.attn1`), and which of that part's values it is.
 */
export interface Feature {
  readonly path: string;
  readonly kind: FeatureKind;
}

/**
 * Of an attention: `queries`, `keys`, `values` [batch, heads, tokens, size], split into heads and not yet scaled;
 * `probabilities` [batch, heads, queries, keys], after the softmax. Of a resnet: `residual`, what it is about to
 * add to its input. Of these and of whole blocks: `output`; a block's goes to the next block, the skip connections
 * keep what its resnets and transformers put out.
 */
export type FeatureKind = 'queries' | 'keys' | 'values' | 'probabilities' | 'residual' | 'output';

/** `up_blocks.1.resnets.1.output`: one name for path and kind. */
export type FeatureName = string;

export const featureName = ({ path, kind }: Feature): FeatureName => `${path}.${kind}`;

/**
 * Sees every feature as the network is traced, and may put another tensor in its place: recording and replacing
 * are one mechanism. What it returns is used from there on; `undefined` leaves the feature as it is. Call `value`
 * only for features that you want: attention probabilities exist as a whole only then.
 */
export type FeatureHook = (feature: Feature, value: () => Tensor) => Tensor | undefined;

/**
 * What a hook makes of a feature; undefined without a hook, or where it leaves the feature alone.
 * @throws ShapeError if it puts a tensor of another shape in its place
 */
export function offer(
  hook: FeatureHook | undefined,
  path: string,
  kind: FeatureKind,
  shape: Shape,
  value: () => Tensor,
): Tensor | undefined {
  const feature = { path, kind };
  const replacement = hook?.(feature, value);
  if (replacement !== undefined && !sameShape(replacement.shape, shape)) {
    const found = formatShape(replacement.shape);
    return refuse(
      'feature',
      `"${featureName(feature)}" is ${formatShape(shape)}, its replacement is ${found}`,
    );
  }
  return replacement;
}

/** The value to go on with, for features that exist anyway. */
export const pass = (hook: FeatureHook | undefined, path: string, kind: FeatureKind, value: Tensor): Tensor =>
  offer(hook, path, kind, value.shape, () => value) ?? value;
