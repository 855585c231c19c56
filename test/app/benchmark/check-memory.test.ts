import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baselineNames, benchmarkSettings } from '../../../src/app/benchmark/plan/benchmark-settings.ts';
import {
  type EstimatedBenchmark,
  estimateBaseline,
  requireBenchmarkMemory,
} from '../../../src/app/tasks/bench/check-memory.ts';
import { type Device, openDevice } from '../../../src/engine/index.ts';
import type { MethodKind } from '../../../src/files/checkpoints/index.ts';
import type { EstimatedModel } from '../../../src/methods/memory/index.ts';
import { tinyBase } from '../../methods/steering/tiny-steering.ts';

describe('a benchmark that will not fit into memory', () => {
  let device: Device;
  let model: EstimatedModel;
  beforeAll(async () => {
    device = await openDevice('cpu');
    const base = await tinyBase(device);
    model = { model: base.model, tokenizer: base.tokenizer, shape: [1, 4, 8, 8] };
  });
  afterAll(() => device.close());

  const all: EstimatedBenchmark = {
    preset: 'pocket',
    settings: benchmarkSettings('pocket'),
    baselines: baselineNames,
    steers: true,
  };

  const peakOf = async (baseline: MethodKind, steers = true) =>
    (await estimateBaseline(model, { ...all, steers }, baseline)).peak;

  test('is refused by the baseline that takes most, with those that would fit', async () => {
    const each = new Map<string, number>();
    for (const baseline of baselineNames) each.set(baseline, await peakOf(baseline));
    const most = Math.max(...each.values());
    await requireBenchmarkMemory(model, all, most);
    const refusal = requireBenchmarkMemory(model, all, most - 1);
    await expect(refusal).rejects.toThrow(/^bench: DreamBooth, (personalize|steer|edit): .* are free; with /);
    const fitting = baselineNames.filter((baseline) => each.get(baseline)! < most);
    expect(fitting.length).toBeGreaterThan(0);
    for (const baseline of fitting)
      await expect(refusal).rejects.toThrow(`with --baseline ${baseline} it takes`);
    await expect(refusal).rejects.not.toThrow('--baseline dreambooth');
  });

  test('takes less where nothing is steered, which the refusal names', async () => {
    const lora = { ...all, baselines: ['lora'] } as const;
    const steered = await peakOf('lora');
    const unsteered = await peakOf('lora', false);
    expect(unsteered).toBeLessThan(steered);
    await expect(requireBenchmarkMemory(model, lora, steered - 1)).rejects.toThrow('--method dds-sm');
    await expect(requireBenchmarkMemory(model, lora, unsteered - 1)).rejects.toThrow(
      'no smaller setting fits',
    );
  });
});
