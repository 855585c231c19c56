import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Device,
  gradient,
  meanSquaredError,
  type NdArray,
  openDevice,
  type Tensor,
  type Tree,
} from '../../src/engine/index.ts';
import { type UnetInput, unet, unetParameterSpecs, unetWithFeatures } from '../../src/networks/unet/index.ts';
import type { NamedTensors } from './held-program.ts';
import { compareArrays, compareParameters, read, tolerances } from './model-folder.ts';
import type { ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';
import { type LoadedUnet, loadUnet, readInputs } from './unet-folder.ts';

/**
 * Compares a UNet folder (config.json, diffusion_pytorch_model.safetensors) with what the reference computed:
 * names and shapes of the parameters, predictions (forward.safetensors) and, where the folder has them, gradients
 * with respect to all parameters and inputs (gradients.safetensors), queries, keys and attention probabilities
 * (attention.safetensors), outputs of all parts (blocks.safetensors).
 */
export async function* compareUnet(folder: string): AsyncGenerator<ParityResult> {
  const device = await openDevice('cpu');
  try {
    yield* compareAll(folder, device);
  } finally {
    await device.close();
  }
}

async function* compareAll(folder: string, device: Device): AsyncGenerator<ParityResult> {
  const model = await loadUnet(device, folder);
  yield compareParameters('unet', unetParameterSpecs(model.config), model.parameters);
  yield* compareForward(model, readSafetensors(join(folder, 'forward.safetensors')));
  for (const [name, compare] of Object.entries(furtherFiles)) {
    const path = join(folder, `${name}.safetensors`);
    if (existsSync(path)) yield* compare(model, readSafetensors(path));
  }
}

type Comparison = (model: LoadedUnet, file: ReadonlyMap<string, NdArray>) => AsyncGenerator<ParityResult>;

/** Not every folder has them. */
const furtherFiles: Readonly<Record<string, Comparison>> = {
  gradients: (model, file) => compareGradients(model, file),
  attention: (model, file) => compareFeatures('attention', model, file),
  blocks: (model, file) => compareFeatures('blocks', model, file),
};

async function* compareForward(
  model: LoadedUnet,
  file: ReadonlyMap<string, NdArray>,
): AsyncGenerator<ParityResult> {
  const cases = [...file.keys()].flatMap((name) => (name.endsWith('.sample') ? [name.slice(0, -6)] : []));
  if (cases.length === 0) throw new Error('compareUnet: forward.safetensors has no cases');
  for (const prefix of cases) {
    const output = await predict(model, file, prefix);
    yield compareArrays(
      `forward.${prefix.slice(0, -1)}`,
      output,
      read(file, `${prefix}output`),
      tolerances.output,
    );
  }
}

async function predict(model: LoadedUnet, file: ReadonlyMap<string, NdArray>, prefix: string) {
  const outputs = await model.run(
    (parameters, inputs) => ({ output: unet(parameters, model.config, unetInput(inputs)) }),
    readInputs(file, prefix),
  );
  return read(outputs, 'output');
}

async function* compareGradients(
  model: LoadedUnet,
  file: ReadonlyMap<string, NdArray>,
): AsyncGenerator<ParityResult> {
  const ours = await model.run(
    (parameters, { target, ...inputs }) => {
      const { sample, encoderHiddenStates } = unetInput(inputs);
      const loss = meanSquaredError(unet(parameters, model.config, unetInput(inputs)), target!);
      const gradients = gradient<Tree<Tensor>>(loss, { grad: parameters, sample, encoderHiddenStates });
      return { loss, ...(gradients as Readonly<Record<string, Tree<Tensor>>>) };
    },
    { ...readInputs(file, ''), target: read(file, 'target') },
  );
  const theirName = {
    loss: 'loss',
    sample: 'grad_sample',
    encoderHiddenStates: 'grad_encoder_hidden_states',
  };
  for (const [name, array] of ours) {
    const theirs = read(file, theirName[name as keyof typeof theirName] ?? name);
    yield compareArrays(`gradients.${name}`, array, theirs, tolerances.gradient);
  }
}

/** What the reference calls the parts of an attention; blocks are stored as `block.NAME`. */
const kinds: Readonly<Record<string, string>> = {
  query: 'queries',
  key: 'keys',
  value: 'values',
  probs: 'probabilities',
  output: 'output',
};

async function* compareFeatures(
  name: string,
  model: LoadedUnet,
  file: ReadonlyMap<string, NdArray>,
): AsyncGenerator<ParityResult> {
  const features = new Map<string, string>(); // our name → theirs
  for (const theirs of file.keys()) {
    const block = theirs.startsWith('block.') ? theirs.slice('block.'.length) : undefined;
    const [, path, kind] = /^(.+)\.(\w+)$/.exec(theirs) ?? [];
    if (block !== undefined) features.set(`${block}.output`, theirs);
    else if (kind !== undefined && kinds[kind] !== undefined) features.set(`${path}.${kinds[kind]}`, theirs);
  }
  if (features.size === 0) throw new Error(`compareUnet: ${name}.safetensors has no features`);
  const ours = await model.run(
    (parameters, inputs) => {
      const selection = { record: [...features.keys()] };
      const result = unetWithFeatures(parameters, model.config, unetInput(inputs), selection);
      return { prediction: result.prediction, features: Object.values(result.features) };
    },
    readInputs(file, ''),
  );
  yield compareArrays(`${name}.output`, read(ours, 'prediction'), read(file, 'output'), tolerances.output);
  // Heads are split off the batch here and folded into it there: the order of the elements is the same.
  for (const [index, theirs] of [...features.values()].entries()) {
    const array = read(ours, `features.${index}`);
    yield compareArrays(`${name}.${theirs}`, array, read(file, theirs), tolerances.output);
  }
}

/** The inputs of a compiled program are a record; the UNet names the ones it needs. */
export const unetInput = ({
  sample,
  timestep,
  encoderHiddenStates,
  classLabels,
}: NamedTensors): UnetInput => ({
  sample: sample!,
  timestep: timestep!,
  encoderHiddenStates: encoderHiddenStates!,
  ...(classLabels !== undefined && { classLabels }),
});
