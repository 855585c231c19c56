import { dirname, join } from 'node:path';
import type { Device, NdArray, Tensor, Tree } from '../../../src/engine/index.ts';
import { type ClipTextConfig, clipText } from '../../../src/networks/clip/index.ts';
import { type UnetConfig, unet } from '../../../src/networks/unet/index.ts';
import {
  compileHeld,
  type HeldProgram,
  type NamedArrays,
  type NamedTensors,
  runHeld,
} from '../held-program.ts';
import { type Arrays, type Model, read, readModel } from '../model-folder.ts';
import { readSafetensors } from '../read-safetensors.ts';
import { unetInput } from '../unet.ts';
import { readInputs } from '../unet-folder.ts';

/** What the cases of a personalization folder are applied to: the models in the folders beside it. */
export interface BaseModels {
  /** The personalization folder. */
  readonly folder: string;
  readonly golden: Arrays;
  readonly unet: Model<'unet'>;
  readonly text: Model<'clipText'>;
  /** The UNet on the sample of golden.safetensors. */
  runUnet(parameters: Tree<NdArray>): Promise<NdArray>;
  /** The text encoder's last hidden state. */
  runText(parameters: Tree<NdArray>, ids: NdArray, config?: ClipTextConfig): Promise<NdArray>;
}

export function loadBaseModels(device: Device, folder: string): BaseModels {
  const beside = (name: string) => join(dirname(folder), name);
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  const model = readModel('unet', beside('unet_sd1'));
  const text = readModel('clipText', beside('clip_text'));
  return {
    folder,
    golden,
    unet: model,
    text,
    runUnet: unetRunner(device, model.config, golden),
    runText: (parameters, ids, config = text.config) =>
      runOn(
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
    compiled ??= compileHeld(device, state, inputs, (held, tensors) => ({
      output: unet(held, config, unetInput(tensors)),
    }));
    const outputs = await (await compiled).run(inputs, state);
    await state.dispose();
    return read(outputs, 'output');
  };
}

/** One result of parameters that are held for this alone. */
export async function runOn(
  device: Device,
  parameters: Tree<NdArray>,
  inputs: NamedArrays,
  build: (parameters: Tree<Tensor>, inputs: NamedTensors) => Tensor,
): Promise<NdArray> {
  const state = await device.hold(parameters);
  const outputs = await runHeld(device, state, inputs, (held, tensors) => ({ output: build(held, tensors) }));
  await state.dispose();
  return read(outputs, 'output');
}
