import {
  castArray,
  flatten,
  mapTree,
  type NdArray,
  sameShape,
  type Tree,
} from '../../../engine/arrays/index.ts';
import { nearestName } from '../../../networks/nn/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { readArray } from '../../formats/lazy-array.ts';
import type { ArraySources } from '../named-arrays.ts';

/**
 * The UNet's parameters with the replacements in their places; nothing else is copied.
 * @throws FormatError if one of them has no place, or another shape
 */
export async function applyCustomDiffusion(
  parameters: Tree<NdArray>,
  replacements: ArraySources,
): Promise<Tree<NdArray>> {
  const there = new Map(flatten<NdArray>(parameters));
  const replaced = new Map<string, NdArray>();
  for (const [name, source] of replacements) {
    const original = there.get(name);
    if (original === undefined) {
      const nearest = nearestName(name, there.keys());
      throw new FormatError(
        `the model has no ${quote(name)} that Custom Diffusion could replace${nearest === undefined ? '' : `, the nearest is ${quote(nearest)}`}; it was made for another model`,
      );
    }
    if (!sameShape(original.shape, source.shape)) {
      throw new FormatError(
        `Custom Diffusion replaces ${quote(name)} by [${source.shape.join(', ')}], the model has it as [${original.shape.join(', ')}]; it was made for another family of models`,
      );
    }
    replaced.set(name, castArray(await readArray(source), original.dtype));
  }
  return mapTree<Tree<NdArray>, NdArray, NdArray>(
    parameters,
    (array, path) => replaced.get(path) ?? array,
  ) as Tree<NdArray>;
}
