import { spec } from '../../engine/index.ts';
import { arrayFromPictures, type Picture } from '../../files/images/index.ts';
import { featureTowers, type LpipsNetwork, lpips } from '../../networks/lpips/index.ts';
import { compileNetwork, type HeldNetwork } from '../diffusion/held-model.ts';
import { checkSameSize } from './compare-pixels.ts';
import type { Instruments } from './instruments.ts';

/**
 * LPIPS 0.1 of two pictures in their own size (networks/lpips has the definition); pixels become x / 127.5 − 1. The
 * reference's command resizes nothing either, but the usual figures are of 512 x 512 or 256 x 256 pictures.
 * @throws a sentence if the sizes differ or are too small
 */
export async function lpipsDistance(
  instruments: Instruments,
  network: HeldNetwork<LpipsNetwork>,
  a: Picture,
  b: Picture,
): Promise<number> {
  checkSameSize(a, b);
  const { height, width } = a;
  const { smallestSide } = featureTowers[network.config];
  if (Math.min(height, width) < smallestSide) {
    throw new Error(
      `LPIPS with ${network.config} needs sides of at least ${smallestSide} pixels, the pictures are ${width} x ${height}`,
    );
  }
  const shape = [1, 3, height, width];
  const program = await instruments.program(network, `lpips ${width} x ${height}`, () =>
    compileNetwork(
      instruments.device,
      network,
      (parameters, { a, b }) => ({ distance: lpips(parameters, network.config, a, b).distance }),
      { a: spec(shape), b: spec(shape) },
    ),
  );
  const inputs = { a: arrayFromPictures([a]), b: arrayFromPictures([b]) };
  const { distance } = await program.run(inputs, network.parameters);
  return Number(distance!.data[0]);
}
