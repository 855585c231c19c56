import { dirname, join } from 'node:path';
import { concatenate, type NdArray, openDevice, slice, type Tensor } from '../../src/engine/index.ts';
import type { Feature, FeatureHook } from '../../src/networks/nn/index.ts';
import { unet } from '../../src/networks/unet/index.ts';
import type { NamedArrays } from './held-program.ts';
import { compareArrays, read, tolerances } from './model-folder.ts';
import type { ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';
import { unetInput } from './unet.ts';
import { loadUnet } from './unet-folder.ts';

/**
 * Compares the UNet's predictions under Plug-and-Play injection (Tumanyan et al. 2023, arXiv 2211.12572) with the
 * reference's, for the models beside the folder: MODEL.MODE.output of its golden.safetensors for `unet_MODEL`. The
 * batch is [source, x, x]; the source's features take the place of the others'.
 */
export async function* compareUnetInjection(folder: string): AsyncGenerator<ParityResult> {
  const file = readSafetensors(join(folder, 'golden.safetensors'));
  const models = new Map<string, Record<string, FeatureHook>>(); // a hook a mode, by model
  for (const name of file.keys()) {
    const [, model, mode] = /^(\w+)\.(\w+)\.output$/.exec(name) ?? [];
    if (model === undefined || mode === undefined) continue;
    models.set(model, { ...models.get(model), [mode]: injection(modes[mode] ?? unknownMode(mode)) });
  }
  if (models.size === 0) throw new Error(`compareUnetInjection: ${folder} has no cases`);
  const device = await openDevice('cpu');
  try {
    for (const [model, hooks] of models) {
      const { config, run } = await loadUnet(device, join(dirname(folder), `unet_${model}`));
      const predictions = await run(
        (parameters, inputs) => {
          const predict = (features: FeatureHook) =>
            unet(parameters, config, { ...unetInput(inputs), features });
          return Object.fromEntries(Object.entries(hooks).map(([mode, hook]) => [mode, predict(hook)]));
        },
        inputsOf(file, model),
      );
      for (const [mode, prediction] of predictions) {
        const name = `${model}.${mode}.output`;
        yield compareArrays(name, prediction, read(file, name), tolerances.output);
      }
    }
  } finally {
    await device.close();
  }
}

type Injected = 'residual features' | 'queries and keys';

const modes: Readonly<Record<string, readonly Injected[]>> = {
  none: [],
  features_only: ['residual features'],
  attention_only: ['queries and keys'],
  both: ['residual features', 'queries and keys'],
};

/** The layers of Plug-and-Play: one resnet, and the self-attentions of the decoder but its first. */
const injectedResnet = 'up_blocks.1.resnets.1';
const injectedAttentions = /^up_blocks\.(1\.attentions\.[12]|[23]\.attentions\.[012])\..*attn1$/;

const injection =
  (injected: readonly Injected[]): FeatureHook =>
  (feature, value) =>
    injected.some((what) => isPartOf(feature, what)) ? repeatFirst(value()) : undefined;

const isPartOf = ({ path, kind }: Feature, injected: Injected): boolean =>
  injected === 'residual features'
    ? kind === 'residual' && path === injectedResnet
    : (kind === 'queries' || kind === 'keys') && injectedAttentions.test(path);

/** Every item of the batch becomes the first. */
function repeatFirst(x: Tensor): Tensor {
  const first = slice(x, { axis: 0, end: 1 });
  return concatenate(new Array<Tensor>(x.shape[0]!).fill(first), 0);
}

function inputsOf(file: ReadonlyMap<string, NdArray>, model: string): NamedArrays {
  const sample = read(file, `${model}.latent_model_input`);
  const timestep = Number(read(file, `${model}.timestep`).data[0]);
  const batch = sample.shape[0]!;
  return {
    sample,
    timestep: { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(timestep) },
    encoderHiddenStates: read(file, `${model}.encoder_hidden_states`),
  };
}

function unknownMode(mode: string): never {
  throw new Error(`compareUnetInjection: the mode ${mode} is unknown`);
}
