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
import { readInputs, type UnetTensors } from '../unet-folder.ts';

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
    runUnet: (parameters) =>
      runHeld(device, parameters, readInputs(golden, ''), (held, inputs) =>
        unet(held, unetConfig, unetInput(inputs)),
      ),
    runText: (parameters, ids, config = textConfig) =>
      runHeld(
        device,
        parameters,
        { ids },
        (held, inputs) => clipText(held, config, inputs.ids!).lastHiddenState,
      ),
  };
}

/** Parameters are held on the device and not compiled in. */
export async function runHeld(
  device: Device,
  parameters: Tree<NdArray>,
  inputs: Readonly<Record<string, NdArray>>,
  build: (parameters: Tree<Tensor>, inputs: UnetTensors) => Tensor,
): Promise<NdArray> {
  const state: State = await device.hold(parameters);
  const specs = mapTree<Tree<NdArray>, NdArray, TensorSpec>(inputs, ({ shape, dtype }) => spec(shape, dtype));
  const program = await device.compileStep(
    (tensors: Tree<Tensor>, held: Tree<Tensor>) => ({
      outputs: { output: build(held, tensors as UnetTensors) },
      state: {},
    }),
    specs as Tree<TensorSpec>,
    unflatten(state.leaves()),
  );
  const outputs = await program.run(inputs, state);
  await program.dispose();
  return read(new Map(flatten<NdArray>(outputs as Tree<NdArray>)), 'output');
}
