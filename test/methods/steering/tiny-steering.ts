import {
  type Device,
  flatten,
  fold,
  mapTree,
  type NdArray,
  ndArray,
  normal,
  type RandomKey,
  randomKey,
  type Source,
  type StateLeaf,
  spec,
  type Tensor,
  type Tree,
} from '../../../src/engine/index.ts';
import { releaseModel } from '../../../src/methods/diffusion/index.ts';
import {
  type ConceptPlan,
  extendTokenizer,
  frozenNetworks,
  type Learned,
  type ModelConfigs,
  type ModelTrees,
  networkSources,
  type PersonalizationBase,
  type PersonalizationMethod,
  personalizationMethod,
  personalizedModel,
  predict,
  readFloats,
} from '../../../src/methods/personalization/index.ts';
import {
  defaultConceptAppearance,
  defaultSteering,
  learnedInMemory,
  type SteerEvent,
  type Steered,
  type SteeringSettings,
  type SteerOptions,
  steer,
} from '../../../src/methods/steering/index.ts';
import { encodePrompts } from '../../../src/networks/clip/index.ts';
import { holdTiny, randomLike, readLeaves, tinyScheduler } from '../personalization/tiny-pipeline.ts';

/** The source, 8 x 8 latents. */
export const tinySource = normal(randomKey(11), [1, 4, 8, 8]);

export const tinyMask = ndArray(
  'float32',
  [8, 8],
  Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 3 ? 1 : i % 8 === 3 ? 0.5 : 0)),
);

export const tinyBase = async (device: Device): Promise<PersonalizationBase> => ({
  ...(await holdTiny(device)),
  scheduler: tinyScheduler,
});

/** As if it had been trained: everything a little elsewhere. */
export async function tinyConcept(
  { model, tokenizer }: PersonalizationBase,
  plan: ConceptPlan,
  key: RandomKey = randomKey(6),
  deviation = 0.05,
): Promise<Learned<NdArray>> {
  const initial = await personalizationMethod(plan, tokenizer).initialize(networkSources(model), key);
  return mapTree<Tree<NdArray>, NdArray, NdArray>(await readFloats(initial as Tree<Source>), (array, path) =>
    randomLike(fold(key, path), array, deviation),
  ) as Learned<NdArray>;
}

/** The defaults, made small: a drawing seen once, two guided images of two steps, and three steps of steering. */
export function tinySettings(
  kind: ConceptPlan['method']['kind'],
  change: Partial<SteeringSettings> = {},
): SteeringSettings {
  const settings = defaultSteering(kind, 'pocket');
  return {
    ...settings,
    guidedImages: {
      ...settings.guidedImages,
      count: 2,
      keep: 2,
      steps: 2,
      strength: 1,
      appearance: { ...defaultConceptAppearance, drawings: 1, times: [0.2], noises: 1 },
    },
    optimization: { ...settings.optimization, steps: 3 },
    ...change,
  };
}

export async function runSteer(
  base: PersonalizationBase,
  plan: ConceptPlan,
  learned: Learned<NdArray>,
  options: Pick<SteerOptions, 'settings'> & Partial<SteerOptions>,
  onEvent: (event: SteerEvent) => void = () => {},
): Promise<{
  readonly events: readonly SteerEvent[];
  readonly steered: Steered;
  /** The first one's state. */
  readonly checkpoint?: Tree<NdArray>;
}> {
  const word = plan.tokens.length > 0 ? '<toy>' : 'cat';
  const steering = steer(base, {
    concept: learnedInMemory(plan, learned),
    source: tinySource,
    prompts: { source: 'the cat', target: `the ${word}` },
    mask: tinyMask,
    seed: 3,
    ...options,
  });
  const events: SteerEvent[] = [];
  let state: Tree<NdArray> | undefined;
  let next = await steering.next();
  for (; !next.done; next = await steering.next()) {
    events.push(next.value);
    onEvent(next.value);
    if (next.value.kind === 'checkpoint') state ??= await readLeaves(next.value.state);
  }
  return { events, steered: next.value, ...(state && { checkpoint: state }) };
}

/** ε of a concept for the noised source at four times, [4, …]. */
export const predictWith = (
  base: PersonalizationBase,
  plan: ConceptPlan,
  learned: Learned<NdArray>,
  prompt: string,
): Promise<Float32Array> =>
  predictBy(base, { method: personalizationMethod(plan, base.tokenizer), plan, learned }, prompt);

/** The same with any function of the base and of what is learned. */
export async function predictBy(
  { model, tokenizer: own }: PersonalizationBase,
  {
    method,
    plan,
    learned,
  }: {
    readonly method: PersonalizationMethod;
    readonly plan: ConceptPlan;
    readonly learned: Learned<NdArray>;
  },
  prompt: string,
): Promise<Float32Array> {
  const { device } = model;
  const state = await device.hold(learned as Tree<NdArray>);
  const personalized = await personalizedModel(model, method, state.references() as Learned<StateLeaf>);
  const frozen = await frozenNetworks(personalized);
  const tokenizer = extendTokenizer(own, plan.tokens);
  const ids = encodePrompts(tokenizer, [prompt, prompt, prompt, prompt]);
  const noise = normal(randomKey(12), [4, 4, 8, 8]);
  const sample = { ...noise, data: noise.data.map((x, i) => 0.6 * x + 0.8 * tinySource.data[i % 256]!) };
  const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config };
  const leaves = specsOf(frozen.references() as Tree<StateLeaf>);
  // Models of the same shapes share a program.
  const shapes = JSON.stringify(leaves);
  const program = programs.get(shapes) ?? (await compilePrediction(device, configs, ids.shape, leaves));
  programs.set(shapes, program);
  const timestep = ndArray('float32', [4], Float32Array.of(200, 400, 600, 800));
  const { prediction } = await program.run({ sample, timestep, ids }, frozen);
  for (const each of [state, frozen]) await each.dispose();
  await releaseModel(personalized);
  return prediction.data as Float32Array;
}

const programs = new Map<string, Awaited<ReturnType<typeof compilePrediction>>>();

const compilePrediction = (
  device: Device,
  configs: ModelConfigs,
  ids: readonly number[],
  leaves: ReturnType<typeof specsOf>,
) =>
  device.compileStep(
    ({ ids: tensor, ...input }, trees) => ({
      outputs: {
        prediction: predict(trees as unknown as ModelTrees<Tensor>, configs, {
          ...input,
          prompt: { kind: 'ids', tensor },
        }),
      },
      state: {},
    }),
    { sample: spec([4, 4, 8, 8]), timestep: spec([4]), ids: spec(ids, 'int64') },
    leaves,
  );

const specsOf = (tree: Tree<StateLeaf>) =>
  mapTree<Tree<StateLeaf>, StateLeaf, ReturnType<typeof spec>>(tree, ({ shape, dtype }) =>
    spec(shape, dtype),
  );

export const leavesOf = (learned: Learned<NdArray>): ReadonlyMap<string, Float32Array> =>
  new Map(flatten<NdArray>(learned as Tree<NdArray>).map(([path, { data }]) => [path, data as Float32Array]));

export const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);
