import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallerEdits } from '../../../src/app/tasks/edit/check-memory.ts';
import {
  add,
  type Device,
  flatten,
  gradient,
  input,
  matmul,
  meanSquaredError,
  multiply,
  openDevice,
  reshape,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  trace,
  unflatten,
} from '../../../src/engine/index.ts';
import { calibration } from '../../../src/methods/memory/calibration.ts';
import {
  type EstimatedModel,
  estimateEditing,
  estimatePersonalization,
  estimateSampling,
  estimateSteering,
  intermediateBytes,
  type MemoryEstimate,
  requireMemory,
} from '../../../src/methods/memory/index.ts';
import {
  type PersonalizationBase,
  personalizationPreset,
} from '../../../src/methods/personalization/index.ts';
import { defaultSteering, loraBeside, type SteeringSettings } from '../../../src/methods/steering/index.ts';
import {
  clipTextParameterSpecs,
  parseClipTextConfig,
  type Tokenizer,
} from '../../../src/networks/clip/index.ts';
import { parseUnetConfig, unet, unetParameterSpecs } from '../../../src/networks/unet/index.ts';
import { parseVaeConfig, vaeParameterSpecs } from '../../../src/networks/vae/index.ts';
import { methodCases } from '../personalization/tiny-pipeline.ts';
import { tinyBase } from '../steering/tiny-steering.ts';

const x = input('x', spec([16, 16])); // 1,024 bytes

describe('the count of intermediate values', () => {
  const twice = matmul(x, x);
  it.each<readonly [string, () => readonly Tensor[], number]>([
    [
      'takes a value in place where the operation goes element by element',
      () => [add(multiply(twice, 2), 1)],
      1,
    ],
    ['holds operands until a product is there', () => [multiply(matmul(twice, twice), 2)], 2],
    ['holds what is read later', () => [add(matmul(matmul(twice, x), x), twice)], 3],
    ['counts a view once', () => [multiply(reshape(reshape(twice, [256]), [4, 64]), 2)], 1],
    ['does not count inputs and outputs', () => [x, twice, matmul(twice, x)], 0],
  ])('%s', (_, build, kibibytes) => {
    expect(intermediateBytes(build())).toBe(1024 * kibibytes);
  });

  it('is, calibrated, within 20 % of what the UNet of SD 1.5 measured', () => {
    const { specs, config } = fullSize();
    const weights = bytesOf(specs);
    const measured = [
      { what: 'forward', batch: 1, gibibytes: 3.9 },
      { what: 'forward', batch: 2, gibibytes: 4.4 },
      { what: 'keys and values', batch: 1, gibibytes: 6.0 },
      { what: 'all parameters', batch: 1, gibibytes: 9.1 },
    ] as const;
    for (const { what, batch, gibibytes } of measured) {
      const graph = trace(
        ({ parameters, ...inputs }: FullSizeInputs<Tensor>) => {
          const prediction = unet(parameters, config, inputs);
          if (what === 'forward') return { prediction };
          const chosen = flatten<Tensor>(parameters).filter(
            ([path]) => what === 'all parameters' || /attn2\.to_[kv]\./.test(path),
          );
          const loss = meanSquaredError(prediction, inputs.sample);
          return { loss, gradients: gradient(loss, unflatten(chosen)) as Tree<Tensor> };
        },
        {
          parameters: specs,
          sample: spec([batch, 4, 64, 64]),
          timestep: spec([batch]),
          encoderHiddenStates: spec([batch, 77, 768]),
        } as never,
      );
      const outputs = graph.outputs.map(([, tensor]) => tensor);
      const counted = intermediateBytes(outputs);
      const factor = what === 'forward' ? calibration.forward : calibration.backward.recompute;
      const written = bytesOf(outputs as unknown as Tree<TensorSpec>);
      const estimate = weights + written + calibration.fixedBytes + factor * counted;
      expect(Math.abs(estimate / 2 ** 30 / gibibytes - 1)).toBeLessThan(0.2);
    }
  });
});

describe('the estimate of the autoencoder', () => {
  it.each([
    [64, 1.13],
    [96, 2.42],
  ])('is within 20 % of what the decoder of SD 1.5 measured at %s cells', (cells, gibibytes) => {
    const { stage, parts } = estimateSampling(fullSizeModel(cells), 1);
    expect(stage).toBe('decoding a picture');
    const activations = parts.find(({ label }) => label === 'activations')!.bytes;
    expect(Math.abs(activations / 2 ** 30 / gibibytes - 1)).toBeLessThan(0.2);
  });

  it('is of a tile where pictures are cut, so that the UNet takes more', () => {
    expect(estimateSampling(fullSizeModel(128), 2).stage).toBe('a step of sampling');
  });
});

describe('the estimate', () => {
  let device: Device;
  let base: PersonalizationBase;
  beforeAll(async () => {
    device = await openDevice('cpu');
    base = await tinyBase(device);
  });
  afterAll(() => device.close());

  const estimated = () => ({ model: base.model, tokenizer: base.tokenizer, shape: [1, 4, 8, 8] });
  const planOf = (wanted: string) => methodCases.find(([name]) => name === wanted)![1];
  const steering = async (name: string, change: Partial<SteeringSettings> = {}) => {
    const plan = planOf(name);
    return estimateSteering(estimated(), plan, { ...defaultSteering(plan.method.kind, 'pocket'), ...change });
  };
  const partOf = ({ parts }: MemoryEstimate, label: string) =>
    parts.find((each) => each.label === label)!.bytes;

  it.each(methodCases)('is a sum of parts for every kind of concept: %s', async (_, plan) => {
    const settings = defaultSteering(plan.method.kind, 'pocket');
    const { training } = personalizationPreset(plan.method.kind, 'pocket');
    for (const estimate of [
      await estimateSteering(estimated(), plan, settings),
      await estimatePersonalization(estimated(), plan, training),
      await estimateEditing(estimated(), plan),
    ]) {
      expect(estimate.peak).toBe(estimate.parts.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(partOf(estimate, 'the model')).toBeGreaterThan(50_000);
      expect(Number.isFinite(estimate.peak)).toBe(true);
    }
  });

  it('counts three times what is trained: as it is, and twice as moments; no other copy', async () => {
    const estimate = await steering('DreamBooth');
    const whole = bytesOf(base.model.unet.specs as Tree<TensorSpec>);
    expect(partOf(estimate, "Adam's moments")).toBe(2 * whole);
    expect(partOf(estimate, 'what is trained')).toBe(whole);
  });

  it('grows with what is trained, what is kept and how many rows there are', async () => {
    const few = await steering('DreamBooth', {
      subset: { kind: 'learned', part: 'all', layers: 'keys and values' },
    });
    const whole = await steering('DreamBooth');
    expect(few.peak).toBeLessThan(whole.peak);
    const { optimization } = defaultSteering('lora', 'pocket');
    const lora = (change: Partial<typeof optimization>) =>
      steering('LoRA', { optimization: { ...optimization, ...change } });
    const [recomputed, kept, apart] = [
      await lora({ activations: 'recompute' }),
      await lora({ activations: 'keep' }),
      await lora({ activations: 'recompute', rowsPerPass: 1 }),
    ];
    expect(recomputed.peak).toBeLessThan(kept.peak);
    expect(apart.peak).toBeLessThan(recomputed.peak);
  });

  it('of an edit counts both branches where one network answers for both in a batch', async () => {
    const plan = planOf('DreamBooth');
    const activations = async (...options: Parameters<typeof estimateEditing>) =>
      partOf(await estimateEditing(...options), 'activations');
    const apart = await activations(estimated(), plan);
    const together = await activations(estimated(), plan, { networks: 'one' });
    expect(together / apart).toBeGreaterThan(1.8);
    expect(await activations(estimated(), undefined)).toBe(together);
  });

  it('is refused with the number, and with what would fit', async () => {
    const plan = planOf('DreamBooth');
    const settings = defaultSteering('dreambooth', 'pocket');
    const estimate = await estimateSteering(estimated(), plan, settings);
    const others = await smallerEdits(estimated(), plan, settings);
    expect(others.map(({ label }) => label)).toEqual(['--steer-what lora', '--no-steer']);
    const beside = await smallerEdits(estimated(), plan, { ...settings, subset: loraBeside });
    expect(beside.map(({ label }) => label)).toEqual(['--no-steer']);
    const least = Math.min(...others.map((each) => each.estimate.peak));
    expect(least).toBeLessThan(estimate.peak);
    expect(() => requireMemory(estimate, estimate.peak, others)).not.toThrow();
    expect(() => requireMemory(estimate, least, others)).toThrow(
      /^steer: .* takes about 0\.3 GiB \(0\.3 GiB for the process\), and 0\.3 GiB are free; with .* it takes about 0\.3 GiB$/,
    );
    expect(() => requireMemory(estimate, 1, others)).toThrow('no smaller setting fits');
  });
});

interface FullSizeInputs<Leaf> {
  readonly parameters: Tree<Leaf>;
  readonly sample: Leaf;
  readonly timestep: Leaf;
  readonly encoderHiddenStates: Leaf;
}

/** The UNet of Stable Diffusion 1.5, of which nothing but shapes is needed. */
function fullSize() {
  const config = parseUnetConfig({
    attention_head_dim: 8,
    block_out_channels: [320, 640, 1280, 1280],
    cross_attention_dim: 768,
    sample_size: 64,
  });
  return { config, specs: unetParameterSpecs(config) as Tree<TensorSpec> };
}

/** Stable Diffusion 1.5 with square latents. */
function fullSizeModel(cells: number): EstimatedModel {
  const text = parseClipTextConfig({ hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12 });
  const vae = parseVaeConfig({ block_out_channels: [128, 256, 512, 512], sample_size: 512, ...fourLevels });
  return {
    model: {
      unet: fullSize(),
      textEncoder: { config: text, specs: clipTextParameterSpecs(text) as Tree<TensorSpec> },
      vae: { config: vae, specs: vaeParameterSpecs(vae) as Tree<TensorSpec> },
    },
    tokenizer: { length: 77 } as Tokenizer,
    shape: [1, 4, cells, cells],
  };
}

const fourLevels = {
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
};

const bytesOf = (specs: Tree<TensorSpec>): number =>
  flatten<TensorSpec>(specs).reduce((sum, [, { shape }]) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
