import { castArray, type Device } from '../../src/engine/index.ts';
import { type HeldFunction, type NamedArrays, runHeld } from './held-program.ts';
import { type Arrays, type Model, read, readModel } from './model-folder.ts';

/** A UNet of a diffusers folder, its parameters on a device. */
export interface LoadedUnet extends Model<'unet'> {
  /** Runs a function of the parameters and of some inputs. */
  run(build: HeldFunction, inputs: NamedArrays): Promise<Arrays>;
}

export async function loadUnet(device: Device, folder: string): Promise<LoadedUnet> {
  const model = readModel('unet', folder);
  const state = await device.hold(model.parameters);
  return { ...model, run: (build, inputs) => runHeld(device, state, inputs, build) };
}

/** The inputs of a case, `b2.sample` and so on; an empty prefix for a file with one case. */
export function readInputs(file: Arrays, prefix: string): NamedArrays {
  const batch = read(file, `${prefix}sample`).shape[0]!;
  const timestep = castArray(read(file, `${prefix}timestep`), 'float32');
  const labels = file.get(`${prefix}class_labels`);
  return {
    sample: read(file, `${prefix}sample`),
    timestep: { ...timestep, shape: [batch], data: repeated(timestep.data, batch) },
    encoderHiddenStates: read(file, `${prefix}encoder_hidden_states`),
    ...(labels !== undefined && { classLabels: labels }),
  };
}

/** One timestep may serve the whole batch. */
const repeated = (timesteps: Float32Array, batch: number): Float32Array =>
  timesteps.length === batch ? timesteps : new Float32Array(batch).fill(timesteps[0]!);
