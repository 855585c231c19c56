import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  full,
  ndArray,
  normal,
  openDevice,
  randomKey,
  unflatten,
} from '../../../../src/engine/index.ts';
import { type HeldNetwork, noiseSchedule } from '../../../../src/methods/diffusion/index.ts';
import { listAttentionLayers } from '../../../../src/methods/editing/mask/attention-layers.ts';
import { chooseAttention } from '../../../../src/methods/editing/mask/choose-attention.ts';
import { compileAttention } from '../../../../src/methods/editing/mask/compile-attention.ts';
import {
  mapOf,
  type SubjectMapOptions,
  subjectMap,
} from '../../../../src/methods/editing/mask/subject-map.ts';
import {
  initializeUnet,
  parseUnetConfig,
  type UnetConfig,
  unetWithFeatures,
} from '../../../../src/networks/unet/index.ts';
import { run, tinyConfig, tinyJson } from '../../../networks/unet/tiny-unet.ts';
import { heldTinyUnet, tinyContext } from '../tiny-networks.ts';

let device: Device;
let network: HeldNetwork<UnetConfig>;
beforeAll(async () => {
  device = await openDevice('cpu');
  network = await heldTinyUnet(device, 1);
});
afterAll(() => device.close());

const onlyContext = parseUnetConfig({ ...tinyJson, only_cross_attention: true });
const threeLevels = parseUnetConfig({
  ...tinyJson,
  block_out_channels: [8, 8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
});

describe('the attentions of a UNet', () => {
  const summary = (config: UnetConfig, size: readonly [number, number]) =>
    listAttentionLayers(config, size, 5).map(
      ({ kind, part, size, reduction }) => `${part} ${kind} ${size.join('x')} /${reduction}`,
    );

  it('are listed with their places', () => {
    expect(summary(tinyConfig, [8, 6])).toEqual([
      'down self 8x6 /1',
      'down cross 8x6 /1',
      'mid self 4x3 /2',
      'mid cross 4x3 /2',
      'up self 8x6 /1',
      'up cross 8x6 /1',
      'up self 8x6 /1',
      'up cross 8x6 /1',
    ]);
    expect(summary(threeLevels, [7, 1]).filter((line) => line.startsWith('up'))).toEqual([
      'up self 4x1 /2',
      'up cross 4x1 /2',
      'up self 4x1 /2',
      'up cross 4x1 /2',
      'up self 7x1 /1',
      'up cross 7x1 /1',
      'up self 7x1 /1',
      'up cross 7x1 /1',
    ]);
  });

  it('without self-attention all look at the text, but that of the middle', () => {
    expect(summary(onlyContext, [8, 8]).filter((line) => line.includes('self'))).toEqual(['mid self 4x4 /2']);
  });

  it('are chosen by part and reduction, and otherwise as there are', () => {
    const layers = listAttentionLayers(threeLevels, [8, 8], 5);
    const chosen = (choice: Parameters<typeof chooseAttention>[1]) => {
      const { cross, self } = chooseAttention(layers, choice);
      return [cross, self].map((list) => [
        ...new Set(list.map(({ part, reduction }) => `${part} /${reduction}`)),
      ]);
    };
    expect(chosen({})).toEqual([['up /2', 'up /1'], ['up /1']]);
    expect(chosen({ reductions: [2] })[0]).toEqual(['up /2']);
    expect(chosen({ parts: ['down', 'up'], reductions: [1, 2] })[0]).toEqual([
      'down /1',
      'down /2',
      'up /2',
      'up /1',
    ]);
    expect(chosen({ reductions: [8] })[0]).toEqual(['up /2', 'up /1']);
    expect(chosen({ parts: [] })[0]).toEqual(['down /1', 'down /2', 'mid /4', 'up /2', 'up /1']);
    const large = listAttentionLayers(threeLevels, [48, 48], 5);
    const coarse = chooseAttention(large, {});
    for (const { size } of [...coarse.cross, ...coarse.self]) expect(size).toEqual([24, 24]);
    expect(() => chooseAttention([], {})).toThrow('this UNet has no cross-attention');
  });

  it('are read as averages over heads, words and layers', async () => {
    const chosen = chooseAttention(listAttentionLayers(tinyConfig, [4, 6], 5), {
      parts: ['mid', 'up'],
      reductions: [1, 2],
    });
    const inputs = {
      sample: normal(randomKey(1), [1, 4, 4, 6]),
      timestep: ndArray('float32', [1], Float32Array.of(300)),
      context: tinyContext('a', 1),
    };
    const compiled = await compileAttention(device, network, chosen, {
      sample: [1, 4, 4, 6],
      context: [1, 5, 6],
    });
    const words = ndArray('float32', [5], Float32Array.of(0, 0.5, 0, 0.5, 0));
    const { cross, self } = await compiled.read({ ...inputs, words });
    await compiled.dispose();
    expect(cross.map(({ layers, plane }) => [layers, ...plane.shape])).toEqual([
      [1, 2, 3],
      [2, 4, 6],
    ]);
    const record = chosen.cross.filter(({ part }) => part === 'up').map(({ feature }) => feature);
    const probabilities = await run(
      device,
      (parameters, { sample, timestep, context }) => {
        const input = { sample, timestep, encoderHiddenStates: context! };
        return { list: Object.values(unetWithFeatures(parameters, tinyConfig, input, { record }).features) };
      },
      inputs,
      await network.parameters.read(),
    );
    const [first, second] = ['list.0', 'list.1'].map((name) => probabilities[name]!); // [1, 2, 24, 5]
    cross[1]!.plane.data.forEach((value, place) => {
      let sum = 0;
      for (const { data } of [first!, second!]) {
        for (const head of [0, 1])
          for (const token of [1, 3]) sum += Number(data[(head * 24 + place) * 5 + token]);
      }
      expect(value).toBeCloseTo(sum / 8, 5);
    });
    expect(self!.size).toEqual([4, 6]);
    for (let row = 0; row < 24; row++) {
      const total = self!.matrix.data.slice(row * 24, (row + 1) * 24).reduce((sum, value) => sum + value, 0);
      expect(total).toBeCloseTo(1, 5);
    }
  });
});

describe('a subject map', () => {
  const plane = (values: readonly number[], width: number) =>
    ndArray('float32', [values.length / width, width], Float32Array.from(values));

  it('averages layers, and is stretched to 0 … 1', () => {
    const cross = [
      { layers: 3, plane: plane([1, 3], 2) },
      { layers: 1, plane: plane([1, 2, 5, 5], 2) },
    ];
    const map = mapOf([{ cross, self: undefined }], [2, 2], 1);
    const average = [1, (3 * 3 + 2) / 4, (3 * 1 + 5) / 4, (3 * 3 + 5) / 4];
    average.forEach((value, index) => {
      expect(map.data[index]).toBeCloseTo((value - 1) / (3.5 - 1), 5);
    });
  });

  it('spreads over places that attend to each other', () => {
    const cross = [{ layers: 1, plane: plane([0, 1, 0, 0], 2) }];
    const matrix = ndArray(
      'float32',
      [4, 4],
      Float32Array.of(1, 0, 0, 0, 0, 0.5, 0, 0.5, 0, 0, 1, 0, 0, 0.25, 0, 0.75),
    );
    const self = { size: [2, 2] as const, matrix };
    expect([...mapOf([{ cross, self }], [2, 2], 0).data]).toEqual([0, 1, 0, 0]);
    expect([...mapOf([{ cross, self }], [2, 2], 1).data]).toEqual([0, 1, 0, 0.5]);
    expect([...mapOf([{ cross, self }], [2, 2], 2).data]).toEqual([0, 1, 0, 0.8333333134651184]);
  });

  it('of attention that tells nothing is 0', () => {
    expect([
      ...mapOf([{ cross: [{ layers: 1, plane: full([2, 2], 0.2) }], self: undefined }], [3, 1], 1).data,
    ]).toEqual([0, 0, 0]);
  });

  const options = (
    size: readonly [number, number],
    change: Partial<SubjectMapOptions> = {},
  ): SubjectMapOptions => ({
    device,
    network,
    schedule: noiseSchedule(),
    source: normal(randomKey(2), [1, 4, ...size]),
    context: tinyContext('a', 1),
    positions: [2],
    key: randomKey(3),
    times: [0, 0.5],
    noises: 1,
    ...change,
  });

  async function find(given: SubjectMapOptions) {
    const events: unknown[] = [];
    const finding = subjectMap(given);
    for (;;) {
      const next = await finding.next();
      if (next.done) return { events, map: next.value };
      events.push(next.value);
    }
  }

  it.each([
    [1, 1],
    [1, 7],
    [8, 5],
  ] as const)('of a UNet is as large as the latents: %i x %i', async (height, width) => {
    const { events, map } = await find(options([height, width]));
    expect(events).toEqual([
      { kind: 'attention', step: 0, count: 2 },
      { kind: 'attention', step: 1, count: 2 },
    ]);
    expect(map.shape).toEqual([height, width]);
    expect(Math.min(...map.data)).toBe(0);
    expect(Math.max(...map.data)).toBe(height * width === 1 ? 0 : 1);
    if (height !== 8) return;
    expect((await find(options([height, width]))).map).toEqual(map);
    expect((await find(options([height, width], { key: randomKey(4) }))).map).not.toEqual(map);
    expect((await find(options([height, width], { positions: [1] }))).map).not.toEqual(map);
  });

  it('does without self-attention', async () => {
    const parameters = await device.hold(initializeUnet(randomKey(1), onlyContext));
    const without = { config: onlyContext, parameters, specs: unflatten(parameters.leaves()) };
    const { map } = await find(options([4, 4], { network: without }));
    expect(Math.max(...map.data)).toBe(1);
  });

  it.each<[string, Partial<SubjectMapOptions>, string]>([
    ['no times', { times: [] }, 'one or more shares of the schedule, from 0 to 1, got none'],
    ['a time beyond', { times: [1.1] }, 'from 0 to 1, got 1.1'],
    ['no noises', { noises: 0 }, 'the number of noises is a whole number ≥ 1, got 0'],
    ['half a refinement', { refinements: 0.5 }, 'the number of refinements is a whole number ≥ 0, got 0.5'],
    ['no word', { positions: [] }, 'one or more positions among 5 tokens, got none'],
    ['a word beyond the prompt', { positions: [5] }, 'one or more positions among 5 tokens, got 5'],
    [
      'a source of NaN',
      { source: full([1, 4, 4, 4], Number.NaN) },
      "the cross-attention of the subject's word holds",
    ],
  ])('refuses %s with a sentence', async (_, change, message) => {
    await expect(find(options([4, 4], change))).rejects.toThrow(message);
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const finding = subjectMap(options([4, 4], { signal: controller.signal }));
    await finding.next();
    controller.abort(new Error('enough'));
    await expect(finding.next()).rejects.toThrow('enough');
  });
});
