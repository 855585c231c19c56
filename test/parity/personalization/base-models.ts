import { dirname, join } from 'node:path';
import {
  type Device,
  flatten,
  mapTree,
  type NdArray,
  type State,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  unflatten,
} from '../../../src/engine/index.ts';
import { type ClipTextConfig, clipText, parseClipTextConfig } from '../../../src/networks/clip/index.ts';
import { parseUnetConfig, type UnetConfig, unet } from '../../../src/networks/unet/index.ts';
import { type Arrays, read, readJson, readParameters } from '../model-folder.ts';
import { readSafetensors } from '../read-safetensors.ts';
import { unetInput } from '../unet.ts';
import { readInputs, type UnetArrays, type UnetTensors } from '../unet-folder.ts';

/** What the cases of a personalization folder are applied to: the models in the folders beside it. */
export interface BaseModels {
  /** The personalization folder. */
  readonly folder: string;
  readonly golden: Arrays;
  readonly unet: { readonly config: UnetConfig; readonly parameters: Tree<NdArray> };
  readonly text: { readonly config: ClipTextConfig; readonly parameters: Tree<NdArray> };
  /** The UNet on the sample of golden.safetensors. */
  runUnet(parameters: Tree<NdArray>): Promise<NdArray>;
  /** The text encoder's last hidden state. */
  runText(parameters: Tree<NdArray>, ids: NdArray, config?: ClipTextConfig): Promise<NdArray>;
}

export function loadBaseModels(device: Device, folder: string): BaseModels {
  const beside = (name: string) => join(dirname(folder), name);
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  const unetConfig = parseUnetConfig(readJson(beside('unet_sd1'), 'config.json'));
  const textConfig = parseClipTextConfig(readJson(beside('clip_text'), 'config.json'));
  return {
    folder,
    golden,
    unet: {
      config: unetConfig,
      parameters: readParameters(beside('unet_sd1'), 'diffusion_pytorch_model.safetensors'),
    },
    text: { config: textConfig, parameters: readParameters(beside('clip_text'), 'model.safetensors') },
    runUnet: unetRunner(device, unetConfig, golden),
    runText: (parameters, ids, config = textConfig) =>
      runHeld(
        device,
        parameters,
        { ids },
        (held, inputs) => clipText(held, config, inputs.ids!).lastHiddenState,
      ),
  };
}

/** The UNet is compiled once; its parameters differ from run to run. */
function unetRunner(device: Device, config: UnetConfig, golden: Arrays): BaseModels['runUnet'] {
  const inputs = readInputs(golden, '');
  let compiled: Promise<HeldProgram> | undefined;
  return async (parameters) => {
    const state = await device.hold(parameters);
    compiled ??= compileHeld(device, state, inputs, (held, tensors) =>
      unet(held, config, unetInput(tensors)),
    );
    const output = await runProgram(await compiled, inputs, state);
    await state.dispose();
    return output;
  };
}

/** Parameters are held on the device and not compiled in. */
export async function runHeld(
  device: Device,
  parameters: Tree<NdArray>,
  inputs: UnetArrays,
  build: HeldFunction,
): Promise<NdArray> {
  const state = await device.hold(parameters);
  const program = await compileHeld(device, state, inputs, build);
  const output = await runProgram(program, inputs, state);
  await program.dispose();
  await state.dispose();
  return output;
}

type HeldFunction = (parameters: Tree<Tensor>, inputs: UnetTensors) => Tensor;
type HeldProgram = Awaited<ReturnType<typeof compileHeld>>;

const compileHeld = (device: Device, state: State, inputs: UnetArrays, build: HeldFunction) =>
  device.compileStep(
    (tensors: Tree<Tensor>, held: Tree<Tensor>) => ({
      outputs: { output: build(held, tensors as UnetTensors) },
      state: {},
    }),
    mapTree<Tree<NdArray>, NdArray, TensorSpec>(inputs, ({ shape, dtype }) =>
      spec(shape, dtype),
    ) as Tree<TensorSpec>,
    unflatten(state.leaves()),
  );

async function runProgram(program: HeldProgram, inputs: UnetArrays, state: State): Promise<NdArray> {
  const outputs = await program.run(inputs, state);
  return read(new Map(flatten<NdArray>(outputs as Tree<NdArray>)), 'output');
}
