import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  input,
  mapTree,
  type NdArray,
  openDevice,
  spec,
  sum,
  type Tensor,
  type Tree,
} from '../../../src/engine/index.ts';
import type { FeatureSelection, ParameterSpec } from '../../../src/networks/nn/index.ts';
import {
  listUnetFeatures,
  unet,
  unetParameterSpecs,
  unetWithFeatures,
} from '../../../src/networks/unet/index.ts';
import { type Arrays, largestDifference, run, tinyConfig, tinyInputs } from './tiny-unet.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

const names = listUnetFeatures(tinyConfig, { size: [8, 8], tokens: 5 }).map(({ name }) => name);
const source = tinyInputs('source');
const other = tinyInputs('other');

/** Prediction and recorded features, `replace` fed as inputs. */
async function predict(inputs: Arrays, record: readonly string[], replace: Arrays = {}) {
  const replacements = Object.entries(replace);
  const fed = Object.fromEntries(replacements.map(([, array], index) => [`replacement${index}`, array]));
  const outputs = await run(
    device,
    (parameters, given) => {
      const selection = {
        record,
        replace: Object.fromEntries(
          replacements.map(([name], index) => [name, given[`replacement${index}`]!]),
        ),
      };
      const { sample, timestep, encoderHiddenStates } = given;
      const result = unetWithFeatures(
        parameters,
        tinyConfig,
        { sample, timestep, encoderHiddenStates },
        selection,
      );
      return { prediction: result.prediction, recorded: Object.values(result.features) };
    },
    { ...inputs, ...fed },
  );
  const features: Record<string, NdArray> = {};
  for (const [index, name] of record.entries()) features[name] = outputs[`recorded.${index}`]!;
  return { prediction: outputs.prediction!, features };
}

describe('Features', () => {
  it('are listed with their shapes', () => {
    const listed = listUnetFeatures(tinyConfig, { size: [8, 6], tokens: 5 });
    const attention = 'down_blocks.0.attentions.0.transformer_blocks.0';
    const shapes = Object.fromEntries(listed.map(({ name, shape }) => [name, shape]));
    expect(shapes).toMatchObject({
      'conv_in.output': [1, 8, 8, 6],
      'time_embedding.output': [1, 32],
      'down_blocks.0.resnets.0.residual': [1, 8, 8, 6],
      'down_blocks.0.resnets.0.output': [1, 8, 8, 6],
      [`${attention}.attn1.queries`]: [1, 2, 48, 4],
      [`${attention}.attn1.keys`]: [1, 2, 48, 4],
      [`${attention}.attn1.values`]: [1, 2, 48, 4],
      [`${attention}.attn1.probabilities`]: [1, 2, 48, 48],
      [`${attention}.attn1.output`]: [1, 48, 8],
      [`${attention}.attn2.probabilities`]: [1, 2, 48, 5],
      'mid_block.output': [1, 16, 4, 3],
      'up_blocks.1.output': [1, 8, 8, 6],
    });
    expect(new Set(names).size).toBe(names.length);
  });

  it('recorded or replaced by their own values change nothing', async () => {
    const plain = await predict(source, []);
    const recorded = await predict(source, names);
    expect(largestDifference(plain.prediction, recorded.prediction)).toBeLessThan(1e-6);
    const replaced = await predict(source, names, recorded.features);
    expect(largestDifference(plain.prediction, replaced.prediction)).toBeLessThan(1e-5);
  });

  it('recorded probabilities sum to one', async () => {
    const maps = names.filter((name) => name.endsWith('probabilities'));
    const outputs = await run(
      device,
      (parameters, { sample, timestep, encoderHiddenStates }) => {
        const given = { sample, timestep, encoderHiddenStates };
        const { features } = unetWithFeatures(parameters, tinyConfig, given, { record: maps });
        return Object.values(features).map((map) => sum(map, { axes: [-1] }));
      },
      source,
    );
    expect(Object.keys(outputs)).toHaveLength(maps.length);
    for (const { data } of Object.values(outputs)) {
      expect(Math.max(...Array.from(data as Float32Array, (total) => Math.abs(total - 1)))).toBeLessThan(
        1e-5,
      );
    }
  });

  const replacements: readonly (readonly [string, readonly string[]])[] = [
    ['queries and keys', names.filter((name) => /attn1\.(queries|keys)$/.test(name))],
    ['values', names.filter((name) => name.endsWith('attn1.values'))],
    ['probabilities', names.filter((name) => name.endsWith('attn1.probabilities'))],
    ['attention outputs', names.filter((name) => name.endsWith('attn1.output'))],
    ['residual features', names.filter((name) => name.endsWith('residual'))],
    ['resnet outputs', names.filter((name) => /resnets\.\d\.output$/.test(name))],
  ];

  it.each(replacements)(
    'of another picture (%s) change the prediction, and are what is recorded',
    async (_, chosen) => {
      const plain = await predict(other, []);
      const { features } = await predict(source, chosen);
      const injected = await predict(other, chosen, features);
      expect(largestDifference(plain.prediction, injected.prediction)).toBeGreaterThan(1e-4);
      for (const name of chosen) expect(injected.features[name]!.data, name).toEqual(features[name]!.data);
    },
  );

  it('queries and keys of another picture give its probabilities', async () => {
    const attention = 'mid_block.attentions.0.transformer_blocks.0.attn1';
    const [queries, keys, probabilities] = ['queries', 'keys', 'probabilities'].map(
      (kind) => `${attention}.${kind}`,
    );
    const theirs = (await predict(source, [queries!, keys!, probabilities!])).features;
    const replace = { [queries!]: theirs[queries!]!, [keys!]: theirs[keys!]! };
    const ours = (await predict(other, [probabilities!], replace)).features;
    expect(largestDifference(ours[probabilities!]!, theirs[probabilities!]!)).toBeLessThan(1e-6);
  });

  it('that come last decide alone', async () => {
    const last = 'conv_norm_out.output';
    const theirs = await predict(source, [last]);
    const ours = await predict(other, [], theirs.features);
    expect(largestDifference(ours.prediction, theirs.prediction)).toBeLessThan(1e-6);
  });

  it('that a hook looks at and leaves alone stay as they are', async () => {
    const seen: string[] = [];
    const outputs = await run(
      device,
      (parameters, given) => ({
        prediction: unet(parameters, tinyConfig, {
          ...given,
          features: ({ path, kind }) => {
            seen.push(`${path}.${kind}`);
            return undefined;
          },
        }),
      }),
      source,
    );
    expect(seen).toEqual(names);
    expect(largestDifference(outputs.prediction!, (await predict(source, [])).prediction)).toBe(0);
  });
});

describe('Refused with a sentence', () => {
  const symbols = {
    sample: input('sample', spec([1, 4, 8, 8])),
    timestep: input('timestep', spec([1])),
    encoderHiddenStates: input('text', spec([1, 5, 6])),
  };
  const parameters = mapTree<Tree<ParameterSpec>, ParameterSpec, Tensor>(
    unetParameterSpecs(tinyConfig),
    (parameter, path) => input(path, parameter),
  ) as Tree<Tensor>;
  const select = (selection: FeatureSelection) => () =>
    unetWithFeatures(parameters, tinyConfig, symbols, selection);

  it('a feature that there is not', () => {
    expect(select({ record: ['mid_block.attentions.0.transformer_blocks.0.attn1.query'] })).toThrow(
      'feature: there is no "mid_block.attentions.0.transformer_blocks.0.attn1.query"; the nearest name is "mid_block.attentions.0.transformer_blocks.0.attn1.queries"',
    );
  });

  it('a replacement for one', () => {
    expect(select({ replace: { 'conv_in.outptu': symbols.sample } })).toThrow(
      'feature: there is no "conv_in.outptu"; the nearest name is "conv_in.output"',
    );
  });

  it('a replacement of another shape, with its place', () => {
    const name = 'down_blocks.0.resnets.0.output';
    expect(select({ replace: { [name]: symbols.sample } })).toThrow(
      `feature: "${name}" is [1, 8, 8, 8], its replacement is [1, 4, 8, 8] (at unet.down_blocks.0.resnets.0)`,
    );
  });
});
