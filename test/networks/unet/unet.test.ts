import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  castArray,
  type Device,
  flatten,
  gradient,
  input,
  mapTree,
  meanSquaredError,
  type NdArray,
  openDevice,
  spec,
  type Tensor,
  type Tree,
  unflatten,
} from '../../../src/engine/index.ts';
import type { ParameterSpec } from '../../../src/networks/nn/index.ts';
import { parseUnetConfig, unet, unetParameterSpecs } from '../../../src/networks/unet/index.ts';
import { largestDifference, run, tinyConfig, tinyInputs, tinyJson, tinyParameters } from './tiny-unet.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

/** Symbolic parameters, some of them changed. */
function symbols(
  change: (path: string, parameter: ParameterSpec) => Tensor | undefined = (path, each) => input(path, each),
) {
  const entries = flatten<ParameterSpec>(unetParameterSpecs(tinyConfig)).flatMap(([path, each]) => {
    const tensor = change(path, each);
    return tensor === undefined ? [] : [[path, tensor] as const];
  });
  return unflatten<Tensor>(entries);
}

const inputs = ({ batch = 1, size = [8, 8], channels = 4, contextSize = 6 } = {}) => ({
  sample: input('sample', spec([batch, channels, ...size])),
  timestep: input('timestep', spec([batch])),
  encoderHiddenStates: input('text', spec([batch, 5, contextSize])),
});

describe('The prediction has the shape of the sample', () => {
  it.each([
    [1, 1],
    [1, 2],
    [3, 7],
    [8, 8],
    [9, 16],
    [64, 5],
  ])('%i x %i', (height, width) => {
    expect(unet(symbols(), tinyConfig, inputs({ batch: 2, size: [height, width] })).shape).toEqual([
      2,
      4,
      height,
      width,
    ]);
  });
});

describe('A prediction', () => {
  it('does not depend on what else is in the batch', async () => {
    const both = tinyInputs('batch', [6, 5], 2);
    const first = Object.fromEntries(
      Object.entries(both).map(([name, { dtype, shape, data }]) => [
        name,
        { dtype, shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / 2) } as NdArray,
      ]),
    );
    const predict = (arrays: typeof both) =>
      run(device, (parameters, given) => ({ prediction: unet(parameters, tinyConfig, given) }), arrays);
    const together = (await predict(both)).prediction!;
    const alone = (await predict(first)).prediction!;
    const half = { ...together, data: together.data.slice(0, together.data.length / 2) } as NdArray;
    expect(largestDifference(alone, half)).toBeLessThan(1e-5);
  });

  it('takes parameters that are kept in float16', async () => {
    const arrays = tinyInputs('half');
    const kept = mapTree<Tree<NdArray>, NdArray, NdArray>(tinyParameters, (value) =>
      castArray(value, 'float16'),
    );
    const rounded = mapTree<Tree<NdArray>, NdArray, NdArray>(kept as Tree<NdArray>, (value) =>
      castArray(value, 'float32'),
    );
    const [fromHalf, fromFull] = await Promise.all(
      [kept, rounded].map((parameters) =>
        run(
          device,
          (tree, given) => ({ prediction: unet(tree, tinyConfig, given) }),
          arrays,
          parameters as Tree<NdArray>,
        ),
      ),
    );
    expect(largestDifference(fromHalf!.prediction!, fromFull!.prediction!)).toBeLessThan(1e-6);
  });

  it('has the same gradients when activations are computed again', async () => {
    const arrays = tinyInputs('gradients', [6, 6]);
    const [kept, recomputed] = await Promise.all(
      (['keep', 'recompute'] as const).map((activations) =>
        run(
          device,
          (parameters, given) => {
            const prediction = unet(parameters, tinyConfig, { ...given, activations });
            return gradient<Tree<Tensor>>(
              meanSquaredError(prediction, given.sample),
              parameters,
            ) as Tree<Tensor>;
          },
          arrays,
        ),
      ),
    );
    const paths = flatten<NdArray>(tinyParameters).map(([path]) => path);
    expect(Object.keys(recomputed!)).toEqual(paths);
    for (const path of paths) {
      expect(largestDifference(kept![path]!, recomputed![path]!), path).toBeLessThan(1e-5);
    }
    const moving = paths.filter((path) => (kept![path]!.data as Float32Array).some((value) => value !== 0));
    expect(moving).toEqual(paths);
  });
});

describe('What does not fit is refused with a sentence', () => {
  it.each([
    [
      'a sample of three channels',
      inputs({ channels: 3 }),
      'unet: the sample is float32[batch, 4, height, width], got float32[1, 3, 8, 8] (at unet)',
    ],
    [
      'a sample of another type',
      { ...inputs(), sample: input('sample', spec([1, 4, 8, 8], 'float16')) },
      'unet: the sample is float32[batch, 4, height, width], got float16[1, 4, 8, 8] (at unet)',
    ],
    [
      'an empty sample',
      inputs({ size: [0, 8] }),
      'unet: the sample is float32[batch, 4, height, width], got float32[1, 4, 0, 8] (at unet)',
    ],
    [
      'text of another model',
      inputs({ contextSize: 7 }),
      'unet: the encoder hidden states are float32[1, tokens, 6], got float32[1, 5, 7] (at unet)',
    ],
    [
      'one timestep for all',
      { ...inputs(), timestep: input('t', spec([])) },
      'unet: the timestep is float32[1], one a sample, got float32[] (at unet)',
    ],
    [
      'class labels without classes',
      { ...inputs(), classLabels: input('c', spec([1])) },
      'unet: class labels were given to a model without class_embed_type (at unet)',
    ],
  ])('%s', (_, given, sentence) => {
    expect(() => unet(symbols(), tinyConfig, given)).toThrow(sentence);
  });

  it('a missing parameter, with the nearest name', () => {
    const name = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight';
    const without = symbols((path, each) => (path === name ? undefined : input(path, each)));
    expect(() => unet(without, tinyConfig, inputs())).toThrow(
      `parameter: "${name}" is missing; the nearest name there is "${name.replace('to_q', 'to_k')}" (at unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q)`,
    );
  });

  it('a misshapen parameter', () => {
    const name = 'mid_block.resnets.1.norm2.weight';
    const misshapen = symbols((path, each) => input(path, path === name ? spec([5]) : each));
    expect(() => unet(misshapen, tinyConfig, inputs())).toThrow(
      `parameter: "${name}" is [5], expected [16] (at unet.mid_block.resnets.1.norm2)`,
    );
  });

  it('a kernel for other channels, where it is used', () => {
    const misshapen = symbols((path, each) =>
      input(path, path === 'conv_in.weight' ? spec([8, 3, 3, 3]) : each),
    );
    expect(() => unet(misshapen, tinyConfig, inputs())).toThrow(/^convolution: .*\(at unet\.conv_in\)$/);
  });

  it('missing class labels', () => {
    const config = parseUnetConfig({ ...tinyJson, num_class_embeds: 3 });
    const parameters = flatten<ParameterSpec>(unetParameterSpecs(config)).map(
      ([path, each]) => [path, input(path, each) as Tensor] as const,
    );
    expect(() => unet(unflatten(parameters), config, inputs())).toThrow(
      'unet: a model with table classes needs class labels (at unet)',
    );
  });
});
