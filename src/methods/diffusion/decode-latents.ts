import { multiply, type NdArray, spec } from '../../engine/index.ts';
import { vaeDecode } from '../../networks/vae/index.ts';
import type { Latents } from './denoiser.ts';
import { compileNetwork, type HeldModel } from './held-model.ts';
import { type AutoencoderOptions, compileOptionsOf, runByPicture, tilingOf } from './run-by-picture.ts';

export interface DecodeOptions extends AutoencoderOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pictures of latents, one after the other; large ones in tiles, as `chooseTiling` says. The program is compiled
 * for each call, which takes a hundredth of its run: kept, it would hold gigabytes while the UNet works.
 * @param latents float32 [count, 4, height, width] of the UNet
 * @returns float32 [count, 3, 8 · height, 8 · width], about −1 to 1 and not clipped
 * @throws the signal's reason when it is aborted between two pictures or tiles
 */
export async function decodeLatents(
  { device, vae }: Pick<HeldModel, 'device' | 'vae'>,
  latents: Latents,
  { signal, ...options }: DecodeOptions = {},
): Promise<NdArray<'float32'>> {
  signal?.throwIfAborted(); // before anything is compiled
  const [, channels, height, width] = latents.shape as [number, number, number, number];
  const tiling = tilingOf(vae.config, { height, width }, options);
  const side = (whole: number) => Math.min(whole, tiling?.tile ?? whole);
  const cells = { height: side(height), width: side(width) };
  const program = await compileNetwork(
    device,
    vae,
    (parameters, { latents }) => ({
      image: vaeDecode(parameters, vae.config, multiply(latents, 1 / vae.config.scalingFactor)),
    }),
    { latents: spec([1, channels, cells.height, cells.width]) },
    compileOptionsOf(vae.config, cells),
  );
  const run = async (latents: Latents) =>
    (await program.run({ latents }, vae.parameters)).image as NdArray<'float32'>;
  try {
    return await runByPicture(latents, vae.config, { direction: 'decode', tiling, run, signal });
  } finally {
    await program.dispose();
  }
}
