import { describe, expect, it } from 'vitest';
import {
  concatenate,
  constant,
  flatten,
  gradient,
  multiply,
  type NdArray,
  ndArray,
  normal,
  randomKey,
  sum,
  type Tensor,
  type Tree,
  toNumbers,
  unflatten,
} from '../../../src/engine/index.ts';
import {
  type ClipTextConfig,
  clipText,
  clipTextParameterSpecs,
  clipTextSkipping,
  initializeClipText,
  parseClipTextConfig,
  projectText,
} from '../../../src/networks/clip/index.ts';
import { describeGolden, goldenPath } from '../../golden.ts';
import { compareClipText } from '../../parity/clip.ts';
import { compute, sizeOfTree } from '../compute.ts';
import { tinyConfig, tinyJson, tinyParameters } from './tiny-text.ts';

describeGolden('the text towers of Stable Diffusion 1.x and 2.x', () => {
  it.each(['clip_text', 'clip_text_gelu_sd2'])('compute what transformers computes: %s', async (folder) => {
    const failures: string[] = [];
    let count = 0;
    for await (const { name, pass, largestRelativeError } of compareClipText(goldenPath(folder))) {
      count++;
      if (!pass) failures.push(`${name}: ${largestRelativeError}`);
    }
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });
});

const idsOf = (...prompts: number[][]): NdArray =>
  ndArray('int64', [prompts.length, prompts[0]!.length], BigInt64Array.from(prompts.flat(), BigInt));

type Inputs = { readonly parameters: Tree<Tensor>; readonly ids: Tensor };

const run = (
  ids: NdArray,
  build: (outputs: ReturnType<typeof clipText>, inputs: Inputs) => readonly Tensor[],
  config: ClipTextConfig = tinyConfig,
  parameters: Tree<NdArray> = tinyParameters,
) =>
  compute(
    (inputs) =>
      build(clipText((inputs as Inputs).parameters, config, (inputs as Inputs).ids), inputs as Inputs),
    {
      parameters,
      ids,
    },
  );

describe('clipText', () => {
  it('lets a token see only itself and what came before', () => {
    const [a] = run(idsOf([8, 1, 2, 3, 9]), ({ lastHiddenState }) => [lastHiddenState]);
    const [b] = run(idsOf([8, 1, 2, 7, 9]), ({ lastHiddenState }) => [lastHiddenState]);
    const rows = ({ data }: NdArray) => [0, 1, 2, 3, 4].map((row) => [...data.slice(4 * row, 4 * row + 4)]);
    expect(rows(a!).slice(0, 3)).toEqual(rows(b!).slice(0, 3));
    expect(rows(a!)[3]).not.toEqual(rows(b!)[3]);
    expect(rows(a!)[4]).not.toEqual(rows(b!)[4]);
  });

  it('takes prompts shorter than its positions', () => {
    const [long] = run(idsOf([8, 1, 2, 9, 9]), ({ hiddenStates }) => [hiddenStates[2]!]);
    const [short] = run(idsOf([8, 1, 2]), ({ hiddenStates }) => [hiddenStates[2]!]);
    expect([...long!.data.slice(0, 12)]).toEqual([...short!.data]);
  });

  it.each([
    ['the first end token', 9, [8, 1, 9, 9, 9], 2],
    ['the first end token, though a placeholder has a larger id', 6, [8, 1, 6, 9, 6], 2],
    ['the first token where there is no end token', 6, [8, 1, 2, 3, 4], 0],
    ['the largest id where the configuration is an old one (2)', 2, [8, 1, 9, 2, 9], 2],
  ])('pools at %s', (_, endToken, prompt, position) => {
    const config = parseClipTextConfig({ ...tinyJson, eos_token_id: endToken });
    const [pooled, all] = run(
      idsOf([8, 9, 9, 9, 9], prompt),
      ({ pooled, lastHiddenState }) => [pooled, lastHiddenState],
      config,
    );
    const start = (5 + position) * 4;
    expect([...pooled!.data.slice(4)]).toEqual([...all!.data.slice(start, start + 4)]);
  });

  it('skips layers under the final norm', () => {
    const [last, none, one] = run(idsOf([8, 1, 2, 3, 9]), (outputs, { parameters }) => [
      outputs.lastHiddenState,
      clipTextSkipping(parameters, tinyConfig, outputs, 0),
      clipTextSkipping(parameters, tinyConfig, outputs, 1),
    ]);
    expect(none!.data).toEqual(last!.data);
    expect(one!.data).not.toEqual(last!.data);
    const skipping = (skipped: number) =>
      run(idsOf([8, 9]), (outputs, { parameters }) => [
        clipTextSkipping(parameters, tinyConfig, outputs, skipped),
      ]);
    expect(() => skipping(3)).toThrow('clipText: 0 to 2 of its layers can be skipped, got 3');
  });

  it('differentiates with respect to rows that were added to the table', () => {
    const rows = normal(randomKey(2), [2, 4]);
    const name = 'text_model.embeddings.token_embedding.weight';
    const [byRows] = compute(
      (inputs) => {
        const { parameters, ids, rows } = inputs as Inputs & { readonly rows: Tensor };
        const leaves = flatten<Tensor>(parameters).map(
          ([path, leaf]) => [path, path === name ? concatenate([leaf, rows], 0) : leaf] as const,
        );
        const { lastHiddenState } = clipText(unflatten(leaves), tinyConfig, ids);
        const weighting = constant(normal(randomKey(3), [1, 5, 4]));
        return [gradient(sum(multiply(lastHiddenState, weighting)), rows)];
      },
      { parameters: tinyParameters, ids: idsOf([8, 10, 2, 3, 9]), rows },
    );
    const [used, unused] = [toNumbers(byRows!).slice(0, 4), toNumbers(byRows!).slice(4)];
    expect(Math.max(...used.map(Math.abs))).toBeGreaterThan(1e-3);
    expect([...unused]).toEqual([0, 0, 0, 0]);
  });

  it('projects what it pooled', () => {
    const [embeds] = run(idsOf([8, 1, 9, 9, 9]), ({ pooled }, { parameters }) => [
      projectText(parameters, pooled),
    ]);
    expect(embeds!.shape).toEqual([1, 3]);
  });

  it('names a parameter that is missing, and the nearest there is', () => {
    const misspelt = unflatten(
      flatten<NdArray>(tinyParameters).map(
        ([path, leaf]) => [path.replace('final_layer_norm', 'final_layernorm'), leaf] as const,
      ),
    );
    expect(() => run(idsOf([8, 9]), ({ pooled }) => [pooled], tinyConfig, misspelt)).toThrow(
      '"text_model.final_layer_norm.weight" is missing; the nearest name there is "text_model.final_layernorm.weight"',
    );
  });

  it('refuses prompts that are too long', () => {
    expect(() => run(idsOf([8, 1, 2, 3, 4, 9]), ({ pooled }) => [pooled])).toThrow(
      'clipText: ids are [prompts, tokens] with at most 5 tokens, got int64[1, 6]',
    );
  });
});

describe('clipTextParameterSpecs', () => {
  const large = { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12, projection_dim: 768 };
  const huge = {
    hidden_size: 1024,
    intermediate_size: 4096,
    num_attention_heads: 16,
    num_hidden_layers: 23,
    hidden_act: 'gelu',
    projection_dim: 512,
  };
  it.each([
    ['Stable Diffusion 1.x', large, 123_060_480],
    ['Stable Diffusion 2.x', huge, 340_387_840],
  ])('%s has as many parameters as published', (_, json, count) => {
    expect(sizeOfTree(clipTextParameterSpecs(parseClipTextConfig(json)))).toBe(count);
  });

  it('starts as transformers does', () => {
    const config = parseClipTextConfig({ ...tinyJson, hidden_size: 64, vocab_size: 500 });
    const values = new Map(flatten<NdArray>(initializeClipText(randomKey(1), config)));
    const deviation = (name: string) => {
      const numbers = Array.from(toNumbers(values.get(`text_model.${name}`)!));
      return Math.sqrt(numbers.reduce((total, x) => total + x * x, 0) / numbers.length);
    };
    expect(deviation('embeddings.token_embedding.weight')).toBeCloseTo(0.02, 3);
    expect(deviation('encoder.layers.0.self_attn.q_proj.weight')).toBeCloseTo(1 / 8 / 2, 2);
    expect(deviation('encoder.layers.0.self_attn.out_proj.weight')).toBeCloseTo(1 / 8, 2);
    expect(deviation('encoder.layers.1.self_attn.q_proj.bias')).toBe(0);
    expect(deviation('final_layer_norm.weight')).toBe(1);
  });
});

describe('parseClipTextConfig', () => {
  it("has transformers' defaults", () => {
    expect(parseClipTextConfig({})).toEqual({
      hiddenSize: 512,
      intermediateSize: 2048,
      layers: 12,
      heads: 8,
      activation: 'quick_gelu',
      layerNormEpsilon: 1e-5,
      projectionSize: 512,
      initializerFactor: 1,
      vocabularySize: 49_408,
      positions: 77,
      pooling: { kind: 'first end token', endToken: 49_407 },
    });
  });

  it('reads the text part of a whole CLIP', () => {
    const json = { model_type: 'clip', projection_dim: 768, text_config: { num_hidden_layers: 3 } };
    expect(parseClipTextConfig(json)).toMatchObject({ layers: 3, projectionSize: 768 });
  });

  it.each([
    [{ hidden_size: 1_000_000 }, '"hidden_size" must be a whole number from 1 to 16384; it is 1000000'],
    [
      { num_attention_heads: 7 },
      '"num_attention_heads" must be a divisor of hidden_size, which is 512; it is 7',
    ],
    [{ hidden_act: 'tanh' }, '"hidden_act" must be "silu"'],
    [{ num_hidden_layers: '12' }, '"num_hidden_layers" must be a whole number from 1 to 256; it is "12"'],
    [{ rotary: true }, 'clip text config: the option "rotary" (true) is not known'],
    [[], 'clip text config: expected an object of options, got []'],
  ])('refuses %j', (json, message) => {
    expect(() => parseClipTextConfig(json)).toThrow(message);
  });
});
