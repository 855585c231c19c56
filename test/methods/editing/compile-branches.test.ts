import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  randomKey,
  spec,
} from '../../../src/engine/index.ts';
import {
  compileNetwork,
  type HeldNetwork,
  type Latents,
  noiseSchedule,
  timestep,
} from '../../../src/methods/diffusion/index.ts';
import {
  type Branch,
  type Branches,
  type CompileBranchesOptions,
  compileBranches,
  editLatents,
} from '../../../src/methods/editing/index.ts';
import { parseUnetConfig, type UnetConfig, unet } from '../../../src/networks/unet/index.ts';
import { largestDifference, tinyJson } from '../../networks/unet/tiny-unet.ts';
import { heldTinyUnet, tinyContext } from './tiny-networks.ts';

const shape = [1, 4, 5, 8];
const noisy = { target: normal(randomKey(1), shape), source: normal(randomKey(2), shape) };
const time = timestep(321);

let device: Device;
let one: HeldNetwork<UnetConfig>;
let other: HeldNetwork<UnetConfig>;
let twin: HeldNetwork<UnetConfig>;
let alone: Awaited<ReturnType<typeof compileNetwork>>;
beforeAll(async () => {
  device = await openDevice('cpu');
  one = await heldTinyUnet(device, 1);
  other = await heldTinyUnet(device, 2);
  twin = await heldTinyUnet(device, 1);
  alone = await compileNetwork(
    device,
    one,
    (parameters, { sample, timestep, context }) => ({
      prediction: unet(parameters, one.config, { sample, timestep, encoderHiddenStates: context }),
    }),
    { sample: spec(shape), timestep: spec([1]), context: spec([1, 5, 6]) },
  );
});
afterAll(() => device.close());

/** Answers of a branch, one text and one item at a time. */
async function askAlone({ network, context }: Branch, latents: Latents) {
  const [items] = latents.shape as [number];
  const rows = context.shape[0]!;
  const answers: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const inputs = {
      sample: rowOf(latents, row % items),
      timestep: ndArray('float32', [1], Float32Array.of(time)),
      context: rowOf(context, row),
    };
    const { prediction } = await alone.run(inputs, network.parameters);
    answers.push([...(prediction!.data as Float32Array)]);
  }
  const answer = (from: number) =>
    ndArray('float32', latents.shape, Float32Array.from(answers.slice(from, from + items).flat()));
  return rows === items ? [answer(0)] : [answer(0), answer(items)];
}

function rowOf({ shape: [rows, ...rest], data }: NdArray, row: number): Latents {
  const size = data.length / rows!;
  return ndArray('float32', [1, ...rest], (data as Float32Array).slice(row * size, (row + 1) * size));
}

interface Case {
  readonly title: string;
  readonly branches: () => Branches<Branch>;
  readonly options?: CompileBranchesOptions;
  readonly calls: number;
}

const cases: readonly Case[] = [
  {
    title: 'one network, guided, in one call',
    branches: () => ({
      target: { network: one, context: tinyContext('a', 2) },
      source: { network: one, context: tinyContext('b', 2) },
    }),
    calls: 1,
  },
  {
    title: 'one network branch by branch',
    branches: () => ({
      target: { network: one, context: tinyContext('a', 2) },
      source: { network: one, context: tinyContext('b', 2) },
    }),
    options: { batching: 'branch by branch' },
    calls: 2,
  },
  {
    title: 'one network, the target guided and the source not',
    branches: () => ({
      target: { network: one, context: tinyContext('a', 2) },
      source: { network: one, context: tinyContext('b', 1) },
    }),
    calls: 1,
  },
  {
    title: 'two networks',
    branches: () => ({
      target: { network: one, context: tinyContext('a', 2) },
      source: { network: other, context: tinyContext('b', 1) },
    }),
    calls: 2,
  },
  {
    title: 'one network and one text, but other latents',
    branches: () => ({
      target: { network: one, context: tinyContext('a', 2) },
      source: { network: one, context: tinyContext('a', 2) },
    }),
    calls: 2,
  },
];

describe('compileBranches', () => {
  it.each(cases)('answers as the UNet does: $title', async ({ branches, options, calls }) => {
    const given = branches();
    const compiled = await compileBranches(device, given, shape, options);
    const answers = await compiled.predict(noisy, time);
    for (const side of ['target', 'source'] as const) {
      const [conditional, unconditional] = await askAlone(given[side], noisy[side]);
      expect(largestDifference(answers[side].conditional, conditional!)).toBeLessThan(1e-5);
      expect(answers[side].unconditional === undefined).toBe(unconditional === undefined);
      if (unconditional === undefined) continue;
      expect(largestDifference(answers[side].unconditional!, unconditional)).toBeLessThan(1e-5);
      expect(largestDifference(conditional!, unconditional)).toBeGreaterThan(1e-3);
    }
    expect(compiled.calls()).toBe(calls);
    await compiled.dispose();
  });

  it('takes several items at a time', async () => {
    const many = [3, ...shape.slice(1)];
    const latents = { target: normal(randomKey(3), many), source: normal(randomKey(4), many) };
    const branches = {
      target: { network: one, context: tinyContext('a', 6) },
      source: { network: one, context: tinyContext('b', 6) },
    };
    const compiled = await compileBranches(device, branches, many);
    const { target, source } = await compiled.predict(latents, time);
    const alone = await askAlone(branches.target, latents.target);
    expect(largestDifference(target.conditional, alone[0]!)).toBeLessThan(1e-5);
    expect(largestDifference(target.unconditional!, alone[1]!)).toBeLessThan(1e-5);
    expect(source.conditional.shape).toEqual(many);
    await compiled.dispose();
  });

  it.each([
    ['the same network', () => one, 1],
    ['an equal network held apart', () => twin, 2],
  ] as const)('under the same text in both branches, %s changes nothing at all', async (_, second, calls) => {
    const context = tinyContext('a', 2);
    const branches = { target: { network: one, context }, source: { network: second(), context } };
    const compiled = await compileBranches(device, branches, shape);
    const source = normal(randomKey(8), shape);
    const editing = editLatents({
      predict: compiled.predict,
      schedule: noiseSchedule(),
      source,
      key: randomKey(1),
      steps: 5,
      stepSize: 1,
    });
    let next = await editing.next();
    for (; !next.done; next = await editing.next()) expect(next.value.gradientSize).toBe(0);
    expect(Buffer.from(next.value.data.buffer)).toEqual(Buffer.from(source.data.buffer));
    expect(compiled.calls()).toBe(5 * calls);
    await compiled.dispose();
  });

  it('changes latents where the networks or the texts differ', async () => {
    const context = tinyContext('a', 2);
    for (const source of [
      { network: one, context: tinyContext('b', 2) },
      { network: other, context },
    ]) {
      const compiled = await compileBranches(device, { target: { network: one, context }, source }, shape);
      const latents = normal(randomKey(8), shape);
      const options = { predict: compiled.predict, schedule: noiseSchedule(), source: latents, steps: 1 };
      const { value } = await editLatents({ ...options, key: randomKey(1) }).next();
      expect((value as { change: number }).change).toBeGreaterThan(1e-4);
      await compiled.dispose();
    }
  });

  it('refuses contexts and networks that do not fit, with a sentence', async () => {
    const branch = { network: one, context: tinyContext('a', 3) };
    await expect(compileBranches(device, { target: branch, source: branch }, shape)).rejects.toThrow(
      'compileBranches: 1 item(s) need 1 contexts, or 2 with guidance, got 3',
    );
    const config = parseUnetConfig({ ...tinyJson, in_channels: 9 });
    const inpainting = { network: await heldTinyUnet(device, 1, config), context: tinyContext('a', 1) };
    await expect(compileBranches(device, { target: inpainting, source: inpainting }, shape)).rejects.toThrow(
      'the UNet takes 9 channels and gives 4, the latents have 4; a model for inpainting or other inputs cannot be used',
    );
  });
});
