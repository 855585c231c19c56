import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  flatten,
  type NdArray,
  ndArray,
  openDevice,
  type Shape,
  sizeOf,
  unflatten,
} from '../../../src/engine/index.ts';
import type { ParameterSpec } from '../../../src/networks/nn/index.ts';
import {
  parseUnetConfig,
  type UnetConfig,
  unet,
  unetParameterSpecs,
} from '../../../src/networks/unet/index.ts';
import { compareNumbers } from '../../parity/parity-result.ts';
import { type Arrays, run } from './tiny-unet.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

/** What diffusers v0.21.4 computes under options that the golden models leave alone; option-cases.py wrote it. */
interface OptionCase {
  readonly name: string;
  readonly config: { readonly in_channels?: number };
  readonly size: Shape;
  readonly labels: 'table' | Shape | null;
  /** Parts of the names of parameters that are made small. */
  readonly shrunk: readonly string[];
  readonly output: readonly number[];
}

const cases = readFileSync(new URL('./option-cases.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as OptionCase);

describe("Options of config.json mean what they mean in diffusers'", () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const config = parseUnetConfig(each.config);
    const outputs = await run(
      device,
      (parameters, given) => ({ prediction: unet(parameters, config, given) }),
      inputsOf(each, config),
      parametersOf(config, each.shrunk),
    );
    const result = compareNumbers(each.name, outputs.prediction!.data as Float32Array, each.output, 1e-4);
    expect(result).toMatchObject({ pass: true });
  });
});

/** As option-cases.py makes them: no generator of random numbers is the same in Python. */
function sines(seed: number, shape: Shape, amplitude = 1, mean = 0): NdArray<'float32'> {
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed + 1.7 * i));
  return ndArray(
    'float32',
    shape,
    values.map((value) => mean + Math.fround(amplitude) * value),
  );
}

function parametersOf(config: UnetConfig, shrunk: readonly string[]) {
  const specs = flatten<ParameterSpec>(unetParameterSpecs(config)).sort(([a], [b]) => (a < b ? -1 : 1));
  return unflatten(specs.map(([path, { shape }], seed) => [path, parameterOf(path, shape, seed)] as const));

  function parameterOf(path: string, shape: Shape, seed: number): NdArray {
    const scale = shrunk.some((part) => path.includes(part)) ? Math.fround(0.004) : 1;
    if (shape.length > 1) return sines(seed, shape, scale * (1.4 / Math.sqrt(sizeOf(shape.slice(1)))));
    return path.endsWith('bias') ? sines(seed, shape, scale * 0.1) : sines(seed, shape, 0.15, 1);
  }
}

const inputsOf = ({ size, labels }: OptionCase, { inputChannels }: UnetConfig): Arrays => ({
  sample: sines(1, [1, inputChannels, ...size]),
  timestep: ndArray('float32', [1], Float32Array.of(250)),
  encoderHiddenStates: sines(2, [1, 3, 12]),
  ...(labels !== null && {
    classLabels: labels === 'table' ? ndArray('int64', [1], BigInt64Array.of(3n)) : sines(5, labels),
  }),
});
