import {
  flatten,
  type LazySource,
  mapTree,
  sizeOf,
  spec,
  type TensorSpec,
  type Tree,
} from '../../engine/index.ts';
import type { HeldModel } from '../diffusion/index.ts';
import type { ConceptPlan, Learned, ModelTrees } from '../personalization/index.ts';
import { networkMethod } from '../personalization/index.ts';

/** A model's shapes: a held model has them, and an opened one before it is held. */
export type ModelSpecs = {
  readonly [N in 'unet' | 'textEncoder' | 'vae']: Pick<HeldModel[N], 'config' | 'specs'>;
};

/** Of all networks in float32, as models are held. */
export const modelBytes = ({ unet, textEncoder, vae }: ModelSpecs): number =>
  [unet, textEncoder, vae].reduce((sum, { specs }) => sum + floatBytes(specs), 0);

export const floatBytes = (tree: Tree<TensorSpec>): number =>
  flatten<TensorSpec>(tree).reduce((sum, [, { shape }]) => sum + 4 * sizeOf(shape), 0);

/** Shapes of what a concept learns, without its values. */
export async function hollowLearned(
  { unet, textEncoder }: ModelSpecs,
  { method, tokens }: ConceptPlan,
): Promise<Learned<LazySource>> {
  const learned = await networkMethod(method).initialize(
    { unet: hollow(unet.specs), textEncoder: hollow(textEncoder.specs) },
    { words: [0, 0] },
  );
  const size = textEncoder.config.hiddenSize;
  const all = {
    ...learned,
    ...(tokens.length > 0 && { tokens: tokens.map(({ vectors }) => spec([vectors, size])) }),
  };
  return hollow(all as Tree<TensorSpec>) as Learned<LazySource>;
}

export const hollowSources = ({ unet, textEncoder }: ModelSpecs): ModelTrees<LazySource> => ({
  unet: hollow(unet.specs),
  textEncoder: hollow(textEncoder.specs),
});

/** Methods hand parameters through or look at their shapes; nothing of either needs the values. */
const hollow = (specs: Tree<TensorSpec>): Tree<LazySource> =>
  mapTree<Tree<TensorSpec>, TensorSpec, LazySource>(specs, ({ shape }) => ({
    dtype: 'float32',
    shape,
    read: () => Promise.reject(new Error('An estimate reads no values')),
  })) as Tree<LazySource>;
