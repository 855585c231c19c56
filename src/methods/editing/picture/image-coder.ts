import { multiply, type Shape, spec, type Tensor } from '../../../engine/index.ts';
import { vaeDecode, vaeEncode } from '../../../networks/vae/index.ts';
import { compileNetwork, type HeldModel, type Latents } from '../../diffusion/index.ts';

/** The autoencoder's two directions; a program a shape is compiled when it is first wanted. */
export interface ImageCoder {
  /** float32 [1, 3, height, width] from −1 to 1 → scaled latents: the mean of their distribution, as DDS takes it. */
  encode(image: Latents): Promise<Latents>;
  /** The way back; not clipped. */
  decode(latents: Latents): Promise<Latents>;
  dispose(): Promise<void>;
}

type Direction = 'encode' | 'decode';

export function imageCoder({ device, vae }: Pick<HeldModel, 'device' | 'vae'>): ImageCoder {
  const { scalingFactor } = vae.config;
  const programs = new Map<string, ReturnType<typeof compile>>();
  const build: { readonly [D in Direction]: Parameters<typeof compileNetwork>[2] } = {
    encode: (parameters, { input }) => ({
      output: multiply(vaeEncode(parameters, vae.config, input as Tensor).mean, scalingFactor),
    }),
    decode: (parameters, { input }) => ({
      output: vaeDecode(parameters, vae.config, multiply(input as Tensor, 1 / scalingFactor)),
    }),
  };
  const compile = (direction: Direction, shape: Shape) =>
    compileNetwork(device, vae, build[direction], { input: spec(shape) });
  const run = async (direction: Direction, input: Latents): Promise<Latents> => {
    const name = `${direction} ${input.shape.join('x')}`;
    const program = programs.get(name) ?? compile(direction, input.shape);
    programs.set(name, program);
    const { output } = await (await program).run({ input }, vae.parameters);
    return output as Latents;
  };
  return {
    encode: (image) => run('encode', image),
    decode: (latents) => run('decode', latents),
    async dispose() {
      for (const program of programs.values()) await (await program).dispose();
    },
  };
}
