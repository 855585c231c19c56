import type { Device } from '../../../engine/index.ts';
import type { Picture } from '../../../files/images/index.ts';
import type { Plane } from '../../../methods/editing/index.ts';
import {
  comparePixels,
  type EditCase,
  Instruments,
  type MetricName,
  measure,
} from '../../../methods/evaluation/index.ts';

/** What can be told of an edit without further weights. */
export interface EditMeasures {
  readonly metrics: { readonly [M in MetricName]?: number };
  /** Pixels that changed where the mask is 0: none, ever. */
  readonly changedOutsideMask: number;
}

/** Smaller pictures have no five scales. */
const LEAST_SIDE_OF_SCALES = 161;

/** @param mask as large as the picture, 0 to 1 */
export async function measureEdit(
  device: Device,
  { edited, source, mask }: { readonly edited: Picture; readonly source: Picture; readonly mask: Plane },
): Promise<EditMeasures> {
  const touched = { ...mask, data: mask.data.map((share) => (share > 0 ? 1 : 0)) };
  const isSomewhereUntouched = touched.data.includes(0);
  const names: readonly MetricName[] = [
    ...(['psnr', 'l1'] as const),
    ...(Math.min(source.width, source.height) >= SSIM_WINDOW ? (['ssim'] as const) : []),
    ...(Math.min(source.width, source.height) >= LEAST_SIDE_OF_SCALES ? (['ms-ssim'] as const) : []),
  ];
  const instruments = new Instruments(device);
  const found: { [M in MetricName]?: number } = {};
  const edit: EditCase = { edited, source };
  for (const name of names) found[name] = await measure(name, edit, instruments);
  await instruments.dispose();
  return {
    metrics: found,
    changedOutsideMask: isSomewhereUntouched
      ? comparePixels(edited, source, { kind: 'outside', mask: touched }).changedPixels
      : 0,
  };
}

/** Of SSIM, in pixels. */
const SSIM_WINDOW = 11;
