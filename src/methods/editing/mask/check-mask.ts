import { formatShape, type Shape, sameShape } from '../../../engine/arrays/index.ts';
import type { Plane } from './resize-plane.ts';

/**
 * @param where that a sentence begins with: `editing`
 * @param size [height, width] of `whole`
 * @throws a sentence for a mask of another size, or of values beyond 0 … 1
 */
export function checkMask(
  where: string,
  mask: Plane,
  { whole, size }: { readonly whole: 'latents' | 'picture'; readonly size: Shape },
): void {
  if (!sameShape(mask.shape, size)) {
    throw new Error(
      `${where}: the mask is as large as the ${whole}, ${formatShape(size)}, got ${formatShape(mask.shape)}`,
    );
  }
  const wrong = mask.data.find((share) => !(share >= 0 && share <= 1));
  if (wrong !== undefined) throw new Error(`${where}: a mask is made of 0 … 1, got ${wrong}`);
}
