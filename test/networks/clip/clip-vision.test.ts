import { describe, expect, it } from 'vitest';
import { type NdArray, normal, randomKey, type Tensor, type Tree } from '../../../src/engine/index.ts';
import {
  clipVision,
  clipVisionParameterSpecs,
  initializeClipVision,
  parseClipVisionConfig,
  projectImage,
} from '../../../src/networks/clip/index.ts';
import { describeGolden, goldenPath } from '../../golden.ts';
import { compareClipVision } from '../../parity/clip.ts';
import { compute, sizeOfTree } from '../compute.ts';

describeGolden('the vision tower', () => {
  it('computes what transformers computes, from the pixels of a file on', async () => {
    const failures: string[] = [];
    let count = 0;
    for await (const { name, pass, largestRelativeError } of compareClipVision(goldenPath('clip_vision'))) {
      count++;
      if (!pass) failures.push(`${name}: ${largestRelativeError}`);
      // The rounding of 8-bit resizing is reproduced: nothing is off by 1/255.
      if (name.startsWith('pixel_values')) expect(largestRelativeError).toBeLessThan(1e-6);
    }
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });
});

const tiny = parseClipVisionConfig({
  hidden_size: 4,
  intermediate_size: 8,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  image_size: 7,
  patch_size: 3,
  projection_dim: 2,
});

const run = (pixels: NdArray) =>
  compute(
    (inputs) => {
      const { parameters, pixels } = inputs as { parameters: Tree<Tensor>; pixels: Tensor };
      const outputs = clipVision(parameters, tiny, pixels);
      return [outputs.lastHiddenState, projectImage(parameters, outputs.pooled)];
    },
    { parameters: initializeClipVision(randomKey(1), tiny), pixels },
  );

describe('clipVision', () => {
  it('has a class token and a token a patch; what is left at the edges is not seen', () => {
    const [states, embeds] = run(normal(randomKey(2), [2, 3, 7, 7]));
    expect(states!.shape).toEqual([2, 1 + 2 * 2, 4]);
    expect(embeds!.shape).toEqual([2, 2]);
  });

  it('refuses pictures of another size', () => {
    expect(() => run(normal(randomKey(2), [2, 3, 8, 7]))).toThrow(
      'clipVision: pictures are [batch, 3, 7, 7], got float32[2, 3, 8, 7]',
    );
  });

  it('has as many parameters as ViT-L/14', () => {
    const json = {
      hidden_size: 1024,
      intermediate_size: 4096,
      num_attention_heads: 16,
      num_hidden_layers: 24,
      patch_size: 14,
      projection_dim: 768,
    };
    expect(sizeOfTree(clipVisionParameterSpecs(parseClipVisionConfig(json)))).toBe(303_966_208);
  });
});

describe('parseClipVisionConfig', () => {
  it("has transformers' defaults", () => {
    expect(parseClipVisionConfig({})).toMatchObject({
      hiddenSize: 768,
      intermediateSize: 3072,
      heads: 12,
      layers: 12,
      imageSize: 224,
      patchSize: 32,
      channels: 3,
      initializerRange: 0.02,
    });
  });

  it.each([
    [{ num_channels: 1_000_000 }, '"num_channels" must be a whole number from 1 to 64; it is 1000000'],
    [{ image_size: 16, patch_size: 32 }, '"image_size" must be a whole number from 32 to 8192; it is 16'],
  ])('refuses %j', (json, message) => {
    expect(() => parseClipVisionConfig(json)).toThrow(`clip vision config: ${message}`);
  });
});
