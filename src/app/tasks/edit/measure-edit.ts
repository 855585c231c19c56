import { type Device, Owner } from '../../../engine/index.ts';
import type { Picture } from '../../../files/images/index.ts';
import type { Plane } from '../../../methods/editing/index.ts';
import {
  comparePixels,
  Instruments,
  type MetricName,
  measurableMetrics,
  measure,
} from '../../../methods/evaluation/index.ts';

/** What can be told of an edit without further weights. */
export interface EditMeasures {
  readonly metrics: { readonly [M in MetricName]?: number };
  /** Pixels that changed where the mask is 0: none, ever. */
  readonly changedOutsideMask: number;
}

/** @param mask as large as the picture, 0 to 1 */
export async function measureEdit(
  device: Device,
  { edited, source, mask }: { readonly edited: Picture; readonly source: Picture; readonly mask: Plane },
): Promise<EditMeasures> {
  const touched = { ...mask, data: mask.data.map((share) => (share > 0 ? 1 : 0)) };
  const isSomewhereUntouched = touched.data.includes(0);
  await using owner = new Owner();
  const instruments = owner.use(new Instruments(device));
  const found: { [M in MetricName]?: number } = {};
  const edit = { edited, source };
  for (const name of measurableMetrics(edit, instruments)) {
    found[name] = await measure(name, edit, instruments);
  }
  return {
    metrics: found,
    changedOutsideMask: isSomewhereUntouched
      ? comparePixels(edited, source, { kind: 'outside', mask: touched }).changedPixels
      : 0,
  };
}
