import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NdArray, ndArray, randomKey, sizeOf, toNumbers } from '../../src/engine/arrays/index.ts';
import {
  addNoise,
  type Latents,
  parseSchedulerConfig,
  readScheduler,
  type SamplingStep,
  type Scheduler,
  sample,
  sigmaOf,
  startSampler,
  timestep,
  velocity,
  weightedSum,
} from '../../src/methods/diffusion/index.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

/**
 * Compares every case of a folder with `description.json` (cases: class, config, num_inference_steps, step_kwargs)
 * and `golden.safetensors`: timesteps, σ, each step from the reference's latents, and whole trajectories.
 * @throws if the folder holds no cases, or a case lacks its tensors.
 */
export async function* compareSchedulers(folder: string): AsyncGenerator<ParityResult> {
  const description = parseSchedulerConfig(readFileSync(join(folder, 'description.json'), 'utf8'));
  const cases = Object.entries(description.cases as Record<string, SchedulerCase>);
  if (cases.length === 0) throw new Error(`compareSchedulers: ${folder}/description.json describes no cases`);
  const tensors = readSafetensors(join(folder, 'golden.safetensors'));
  yield* compareSchedule(
    readScheduler({ ...(description.base_config as object), _class_name: 'PNDMScheduler' }),
    tensors,
  );
  for (const [name, each] of cases) yield* compareCase(name, each, tensors);
}

interface SchedulerCase {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly num_inference_steps: number;
  readonly init_noise_sigma: number;
  readonly step_kwargs: Readonly<Record<string, number>>;
}

type Tensors = ReadonlyMap<string, NdArray>;

const tolerances = { singleStep: 1e-5, trajectory: 1e-4, exact: 0, float32: 2 ** -23 };

function* compareSchedule({ schedule }: Scheduler, tensors: Tensors): Generator<ParityResult> {
  yield compareNumbers('betas', schedule.betas, numbersOf(tensors, 'betas'), tolerances.singleStep);
  const ᾱ = numbersOf(tensors, 'alphas_cumprod');
  yield compareNumbers('alphas_cumprod', schedule.alphasCumprod, ᾱ, tolerances.singleStep);
  if (!tensors.has('add_noise.x0')) return;
  const batch = {
    clean: latentsOf(tensors, 'add_noise.x0'),
    noise: latentsOf(tensors, 'add_noise.noise'),
    timesteps: Array.from(numbersOf(tensors, 'add_noise.timesteps'), timestep),
  };
  for (const [name, ours] of [
    ['add_noise.output', addNoise(schedule, batch)],
    ['add_noise.velocity', velocity(schedule, batch)],
  ] as const) {
    yield compareNumbers(name, ours.data, numbersOf(tensors, name), tolerances.singleStep);
  }
}

async function* compareCase(
  name: string,
  each: SchedulerCase,
  tensors: Tensors,
): AsyncGenerator<ParityResult> {
  const scheduler = withStepArguments(
    readScheduler({ ...each.config, _class_name: each.class }),
    each.step_kwargs,
  );
  const { schedule, sampler } = scheduler;
  const steps = each.num_inference_steps;
  const run = startSampler(schedule, sampler, { steps });
  const timesteps = run.steps.map((step) => step.timestep);
  yield compareTimesteps(name, timesteps, tensorOf(tensors, `${name}.timesteps`));

  // The reference's Euler latents are x̂ = x/α; ours are x = α·x̂.
  const isEuler = each.class.startsWith('Euler');
  const levels = [...run.steps.map((step) => step.from), run.steps.at(-1)!.to];
  const scales = levels.map((level) => (isEuler ? 1 / level.alpha : 1));
  const x = rowsOf(tensors, `${name}.x`).map((row, i) => weightedSum([1 / scales[i]!, row]));
  const outputs = rowsOf(tensors, `${name}.model_outputs`);
  const noises = tensors.has(`${name}.noise`) ? rowsOf(tensors, `${name}.noise`) : [];
  const noiseAt = (index: number) => noises[index] ?? missing(`${name}.noise[${index}]`);

  yield* compareSigmas(name, run.steps, tensors);
  const noiseScale = run.initialNoiseScale * scales[0]!;
  yield compareNumbers(
    `${name}.init_noise_sigma`,
    [noiseScale],
    [each.init_noise_sigma],
    tolerances.singleStep,
  );

  const stepped = outputs.map((output, i) => {
    const result = run.advance(i, { latents: x[i]!, output, noise: () => noiseAt(i) });
    return result.latents;
  });
  yield compareRows(`${name}.steps`, stepped, x.slice(1), tolerances.singleStep);

  if (tensors.has(`${name}.scaled_input`)) {
    const inputs = rowsOf(tensors, `${name}.scaled_input`);
    yield compareRows(`${name}.scaled_input`, x.slice(0, -1), inputs, tolerances.singleStep);
  }

  const trajectory: Latents[] = [];
  let call = 0;
  for await (const event of sample({
    denoise: async () => outputs[call++]!,
    schedule,
    sampler,
    steps,
    start: { kind: 'latents', latents: x[0]! },
    key: randomKey(0),
    stepNoise: noiseAt,
  })) {
    trajectory.push(event.latents);
  }
  yield compareRows(`${name}.trajectory`, trajectory, x.slice(1), tolerances.trajectory);
}

/**
 * Exact, except where the reference stores float64: those are Karras' timesteps, looked up in a table of NumPy's
 * float32 logarithms, whose last bit depends on NumPy's version and the processor.
 */
const compareTimesteps = (name: string, timesteps: readonly number[], theirs: NdArray): ParityResult => {
  const tolerance = theirs.dtype === 'float64' ? tolerances.float32 : tolerances.exact;
  return compareNumbers(`${name}.timesteps`, timesteps, toNumbers(theirs), tolerance);
};

function* compareSigmas(
  name: string,
  steps: readonly SamplingStep[],
  tensors: Tensors,
): Generator<ParityResult> {
  if (!tensors.has(`${name}.sigmas`)) return;
  const ours = [...steps.map((step) => sigmaOf(step.from)), sigmaOf(steps.at(-1)!.to)];
  yield compareNumbers(`${name}.sigmas`, ours, numbersOf(tensors, `${name}.sigmas`), tolerances.singleStep);
}

/** What diffusers takes with each step rather than from the configuration. */
function withStepArguments(
  { schedule, sampler }: Scheduler,
  step: Readonly<Record<string, number>>,
): Scheduler {
  for (const [key, value] of Object.entries(step)) {
    if (key !== 'eta' || sampler.name !== 'ddim')
      throw new Error(`compareSchedulers: step argument ${key} is unknown`);
    return { schedule, sampler: { name: 'ddim', options: { ...sampler.options, eta: value } } };
  }
  return { schedule, sampler };
}

/** Each row relative to its own largest value; the worst one is reported. */
function compareRows(
  name: string,
  ours: readonly Latents[],
  theirs: readonly Latents[],
  tolerance: number,
): ParityResult {
  if (ours.length !== theirs.length)
    throw new Error(`${name}: ${ours.length} rows, the reference has ${theirs.length}`);
  return ours
    .map((row, i) => compareNumbers(name, row.data, theirs[i]!.data, tolerance))
    .reduce((worst, each) => (each.largestRelativeError > worst.largestRelativeError ? each : worst));
}

const tensorOf = (tensors: Tensors, name: string): NdArray => tensors.get(name) ?? missing(name);

const numbersOf = (tensors: Tensors, name: string) => toNumbers(tensorOf(tensors, name));

const latentsOf = (tensors: Tensors, name: string): Latents => {
  const { shape } = tensorOf(tensors, name);
  return ndArray('float32', shape, Float32Array.from(numbersOf(tensors, name)));
};

/** The entries along the first axis. */
function rowsOf(tensors: Tensors, name: string): Latents[] {
  const { shape, data } = latentsOf(tensors, name);
  const rowShape = shape.slice(1);
  const size = sizeOf(rowShape);
  return Array.from({ length: shape[0]! }, (_, i) =>
    ndArray('float32', rowShape, data.slice(i * size, (i + 1) * size)),
  );
}

const missing = (name: string): never => {
  throw new Error(`compareSchedulers: golden.safetensors lacks ${name}`);
};
