import type { MethodKind } from '../../../files/checkpoints/index.ts';
import {
  type EstimatedModel,
  estimateEditing,
  estimatePersonalization,
  type MemoryAlternative,
  type MemoryEstimate,
  requireMemory,
} from '../../../methods/memory/index.ts';
import { defineConcept, type PresetName } from '../../../methods/personalization/index.ts';
import type { Manifest } from '../../benchmark/manifest/manifest.ts';
import { type BenchmarkSettings, baselines, presetsOf } from '../../benchmark/plan/benchmark-settings.ts';
import type { AskedFor } from '../../benchmark/plan/plan-benchmark.ts';
import { suites, variants } from '../../benchmark/plan/variants.ts';
import { availableMemory, estimatedModel } from '../../models/memory-room.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import { presetOf, sideOf } from '../../models/preset-of.ts';
import { estimateSteeredEdit } from '../edit/check-memory.ts';
import type { TaskEvent } from '../task-event.ts';
import type { BenchParameters } from './parameters.ts';

/** @throws a sentence with what it takes and what would fit, if a part of the benchmark will not fit */
export async function* checkBenchmarkMemory(
  { memoryCheck }: BenchParameters,
  { checkpoint, tokenizer }: OpenedModel,
  { suites: asked, variants: ways, baselines, settings }: AskedFor,
  manifest: Pick<Manifest, 'suites'>,
): AsyncGenerator<TaskEvent, void> {
  if (!memoryCheck) return;
  yield { kind: 'stage', stage: 'Estimating the memory that it takes' };
  const side = sideOf(checkpoint);
  const model = estimatedModel(checkpoint, tokenizer, { height: side, width: side });
  const edits = asked
    .filter((suite) => manifest.suites.includes(suite))
    .flatMap((suite) => suites[suite].variants)
    .filter((each) => ways?.includes(each) ?? true);
  const steers = edits.some((each) => variants[each].steering !== 'none');
  const benchmark = { preset: presetOf(checkpoint), settings, baselines, steers };
  await requireBenchmarkMemory(model, benchmark, availableMemory());
}

/** What of a request determines the memory that it takes. */
export interface EstimatedBenchmark {
  readonly preset: PresetName;
  readonly settings: Pick<BenchmarkSettings, 'training' | 'steering'>;
  readonly baselines: readonly MethodKind[];
  /** Whether a concept is steered in any of the ways of editing. */
  readonly steers: boolean;
}

/**
 * Refuses a benchmark of which a part will not fit: the learning of a concept, its steering or an edit. The networks
 * that edits are measured with are not counted.
 * @param available bytes that the benchmark may take
 * @throws a sentence with what it takes, and which baselines or ways of editing would fit
 */
export async function requireBenchmarkMemory(
  model: EstimatedModel,
  benchmark: EstimatedBenchmark,
  available: number,
): Promise<void> {
  const estimates = await estimateEach(model, benchmark);
  const largest = largestOf(estimates);
  if (largest.peak <= available) return;
  const alternatives: MemoryAlternative[] = benchmark.baselines.map((each, index) => ({
    label: `--baseline ${each}`,
    estimate: estimates[index]!,
  }));
  if (benchmark.steers) {
    const unsteered = await estimateEach(model, { ...benchmark, steers: false });
    alternatives.push({ label: '--method dds-sm', estimate: largestOf(unsteered) });
  }
  requireMemory(largest, available, alternatives);
}

async function estimateEach(
  model: EstimatedModel,
  benchmark: EstimatedBenchmark,
): Promise<readonly MemoryEstimate[]> {
  const estimates: MemoryEstimate[] = [];
  for (const each of benchmark.baselines) estimates.push(await estimateBaseline(model, benchmark, each));
  return estimates;
}

/** The peak memory of a baseline. Steered edits count as by the usual settings, of which ablations leave parts out. */
export async function estimateBaseline(
  model: EstimatedModel,
  { preset, settings, steers }: EstimatedBenchmark,
  baseline: MethodKind,
): Promise<MemoryEstimate> {
  const plan = defineConcept(presetsOf(preset)[baseline], { word: '<concept>', classWord: 'object' });
  const estimate = largestOf([
    await estimatePersonalization(model, plan, settings.training[baseline]),
    steers
      ? await estimateSteeredEdit(model, plan, settings.steering[baseline])
      : await estimateEditing(model, plan),
  ]);
  return { ...estimate, task: `bench: ${baselines[baseline]}, ${estimate.task}` };
}

const largestOf = (estimates: readonly MemoryEstimate[]): MemoryEstimate =>
  estimates.reduce((a, b) => (b.peak > a.peak ? b : a));
