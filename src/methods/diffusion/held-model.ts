import {
  type CompileOptions,
  type Device,
  type NdArray,
  Owner,
  type State,
  type Tensor,
  type TensorSpec,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import type { LazyArrays, NetworkPart, StableDiffusion } from '../../files/checkpoints/index.ts';
import type { ClipTextConfig } from '../../networks/clip/index.ts';
import type { UnetConfig } from '../../networks/unet/index.ts';
import type { VaeConfig } from '../../networks/vae/index.ts';

/** A network whose parameters are on a device, in float32. Programs of any shape share them. */
export interface HeldNetwork<Config> {
  readonly config: Config;
  readonly parameters: State;
  /** Shapes of the parameters, to compile programs with. */
  readonly specs: Tree<TensorSpec>;
}

/** Stable Diffusion on a device. */
export interface HeldModel {
  readonly device: Device;
  readonly unet: HeldNetwork<UnetConfig>;
  readonly vae: HeldNetwork<VaeConfig>;
  readonly textEncoder: HeldNetwork<ClipTextConfig>;
}

/** What a model's networks need to be held; an opened checkpoint has it. */
export type OpenedNetworks = {
  readonly [N in 'unet' | 'vae' | 'textEncoder']: Pick<StableDiffusion[N], 'config' | 'parameters'>;
};

/** Reads an opened model onto a device, one array after the other. */
export async function holdModel(
  device: Device,
  { unet, vae, textEncoder }: OpenedNetworks,
): Promise<HeldModel> {
  await using owner = new Owner();
  const model: HeldModel = {
    device,
    unet: owner.adopt(await holdNetwork(device, unet), releaseNetwork),
    vae: owner.adopt(await holdNetwork(device, vae), releaseNetwork),
    textEncoder: owner.adopt(await holdNetwork(device, textEncoder), releaseNetwork),
  };
  owner.move();
  return model;
}

/** Frees the device's memory. */
export async function releaseModel({ unet, vae, textEncoder }: HeldModel): Promise<void> {
  for (const network of [unet, vae, textEncoder]) await releaseNetwork(network);
}

export const releaseNetwork = ({ parameters }: Pick<HeldNetwork<unknown>, 'parameters'>): Promise<void> =>
  parameters.dispose();

/** Compiles a function of a network's parameters and of inputs; it changes nothing on the device. */
export const compileNetwork = <Inputs extends Readonly<Record<string, TensorSpec>>, Config>(
  device: Device,
  network: HeldNetwork<Config>,
  build: (
    parameters: Tree<Tensor>,
    inputs: { readonly [K in keyof Inputs]: Tensor },
  ) => Readonly<Record<string, Tensor>>,
  inputs: Inputs,
  options: CompileOptions = {},
) =>
  device.compileStep(
    (tensors, parameters) => ({
      outputs: build(parameters as Tree<Tensor>, tensors as { readonly [K in keyof Inputs]: Tensor }),
      state: {},
    }),
    inputs as Readonly<Record<string, TensorSpec>>,
    network.specs,
    options,
  );

/** Reads one opened network onto a device. */
export async function holdNetwork<Config>(
  device: Device,
  { config, parameters }: Pick<NetworkPart<Config>, 'config' | 'parameters'>,
): Promise<HeldNetwork<Config>> {
  const held = await device.holdLazily(treeOf(parameters), { dtype: 'float32' });
  return { config, parameters: held, specs: unflatten(held.leaves()) };
}

/** A network on a device, of parameters in memory. */
export async function holdParameters<Config>(
  device: Device,
  config: Config,
  parameters: Tree<NdArray>,
): Promise<HeldNetwork<Config>> {
  const held = await device.hold(parameters);
  return { config, parameters: held, specs: unflatten(held.leaves()) };
}

const treeOf = (parameters: LazyArrays) => unflatten([...parameters]);
