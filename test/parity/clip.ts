import { join } from 'node:path';
import {
  concatenate,
  type Device,
  gradient,
  l2Normalize,
  matmul,
  multiply,
  type NdArray,
  openDevice,
  slice,
  sum,
  type Tensor,
  type Tree,
  toNumbers,
} from '../../src/engine/index.ts';
import {
  type ClipTextConfig,
  clipText,
  clipTextParameterSpecs,
  clipTextSkipping,
  clipVision,
  clipVisionParameterSpecs,
  parseClipImageProcessorConfig,
  parseClipTextConfig,
  preprocessClipImages,
  projectImage,
  projectText,
} from '../../src/networks/clip/index.ts';
import {
  type Arrays,
  compareParameters,
  read,
  readJson,
  readModel,
  readParameters,
  runOnce,
  tolerances,
} from './model-folder.ts';
import { compareNumbers, largestAbsolute, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

/**
 * Compares a text tower (config.json, model.safetensors) with golden.safetensors: hidden states, pooled output,
 * the penultimate layer, attentions of the first prompt and, where there is a grad_weighting, gradients of
 * Σ last_hidden_state · grad_weighting with respect to all parameters.
 */
export async function* compareClipText(folder: string): AsyncGenerator<ParityResult> {
  const { config, parameters } = readModel('clipText', folder);
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  yield compareParameters('clip_text', clipTextParameterSpecs(config), parameters);
  const ids = read(golden, 'input_ids');
  const weighting = golden.get('grad_weighting');
  const ours = await withDevice(async (device) => {
    const outputs = await runOnce(device, ({ parameters, ids }) => textOutputs(parameters, config, ids), {
      parameters,
      ids,
    });
    if (weighting === undefined) return outputs;
    const gradients = await runOnce(
      device,
      ({ parameters, ids, weighting }) => {
        const { lastHiddenState } = clipText(parameters, config, ids);
        return { grad: gradient(sum(multiply(lastHiddenState, weighting)), parameters) };
      },
      { parameters, ids, weighting },
    );
    return new Map([...outputs, ...gradients]);
  });
  yield* compareAll(ours, golden, ['input_ids', 'grad_weighting']);
}

function textOutputs(parameters: Tree<Tensor>, config: ClipTextConfig, ids: Tensor): Tree<Tensor> {
  const outputs = clipText(parameters, config, ids);
  return {
    hidden_states: outputs.hiddenStates,
    last_hidden_state: outputs.lastHiddenState,
    pooler_output: outputs.pooled,
    penultimate_final_ln: clipTextSkipping(parameters, config, outputs, 1),
    attentions: outputs.attentions.map((attention) => slice(attention, { axis: 0, end: 1 })),
  };
}

/**
 * Compares a vision tower (config.json, model.safetensors, preprocessor_config.json) and a text tower with
 * projection (text_config.json, text_with_projection.safetensors) with golden.safetensors: preprocessed pictures,
 * hidden states, both embeddings, their cosines, the gradient of Σ image_embeds² with respect to the first picture.
 */
export async function* compareClipVision(folder: string): AsyncGenerator<ParityResult> {
  const { config: visionConfig, parameters: vision } = readModel('clipVision', folder);
  const textConfig = parseClipTextConfig(readJson(folder, 'text_config.json'));
  const processor = parseClipImageProcessorConfig(readJson(folder, 'preprocessor_config.json'));
  const text = readParameters(folder, 'text_with_projection.safetensors');
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  yield compareParameters('clip_vision', clipVisionParameterSpecs(visionConfig), vision);
  yield compareParameters('clip_text', clipTextParameterSpecs(textConfig, 'projection'), text);

  const raw = [...golden.keys()].filter((name) => name.startsWith('raw'));
  const pixels = raw.map((name) => {
    const picture = read(golden, name) as NdArray<'uint8'>;
    return [name.replace('raw', 'pixel_values'), preprocessClipImages([picture], processor)] as const;
  });
  const theirPixels = pixels.map(([name]) => read(golden, name)); // so that errors do not add up
  const ours = await withDevice((device) =>
    runOnce(
      device,
      ({ vision, text, ids, pictures }) => {
        const images = pictures as readonly Tensor[];
        const outputs = clipVision(vision, visionConfig, concatenate(images, 0));
        const imageEmbeds = projectImage(vision, outputs.pooled);
        const textEmbeds = projectText(text, clipText(text, textConfig, ids).pooled);
        return {
          hidden_states: outputs.hiddenStates,
          last_hidden_state: outputs.lastHiddenState,
          pooler_output: outputs.pooled,
          image_embeds: imageEmbeds,
          text_embeds: textEmbeds,
          cosine: matmul(l2Normalize(imageEmbeds), l2Normalize(textEmbeds), { transposeB: true }),
          grad_pixel_values0_of_sum_sq_embeds: gradient(sum(multiply(imageEmbeds, imageEmbeds)), images[0]!),
        };
      },
      { vision, text, ids: read(golden, 'input_ids'), pictures: theirPixels },
    ),
  );
  yield* compareAll(new Map([...ours, ...pixels]), golden, ['input_ids', ...raw]);
}

/**
 * Everything in the file but the inputs; a name that we do not compute is an error. The bias of the keys adds the
 * same to all scores of a query, so its gradient is zero but for rounding, on both sides: its error is relative to
 * the gradient of the keys' weight.
 */
function* compareAll(ours: Arrays, golden: Arrays, inputs: readonly string[]): Generator<ParityResult> {
  for (const [name, theirs] of golden) {
    if (inputs.includes(name)) continue;
    const tolerance = name.startsWith('grad') ? tolerances.gradient : tolerances.output;
    const reference = name.endsWith('k_proj.bias') ? read(golden, name.replace(/bias$/, 'weight')) : theirs;
    const scale = largestAbsolute(toNumbers(reference));
    yield compareNumbers(name, toNumbers(read(ours, name)), toNumbers(theirs), tolerance, scale);
  }
}

async function withDevice<T>(use: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice('cpu');
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}
