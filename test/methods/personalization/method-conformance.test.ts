import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type Device,
  flatten,
  fold,
  gradient,
  type LazySource,
  mapTree,
  meanSquaredError,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  randomKey,
  type Source,
  type State,
  type StateLeaf,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
} from '../../../src/engine/index.ts';
import {
  type ConceptCard,
  loraTargets,
  openCheckpoint,
  readConcept,
  writeConcept,
} from '../../../src/files/checkpoints/index.ts';
import { type HeldModel, type PromptedModel, releaseModel } from '../../../src/methods/diffusion/index.ts';
import {
  applyConcept,
  type ConceptPlan,
  conceptOfLearned,
  extendTokenizer,
  frozenNetworks,
  type Learned,
  learnedAsLora,
  learnedAsWholeModel,
  learnedOfConcept,
  personalizationMethod,
  personalizedModel,
  predict,
  predictPersonalized,
  readFloats,
} from '../../../src/methods/personalization/index.ts';
import { encodePrompts, type Tokenizer } from '../../../src/networks/clip/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { holdTiny, methodCases, randomLike, tinyPipeline } from './tiny-pipeline.ts';

// Compiling takes a second, on a busy machine many.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const key = randomKey(5);
const folder = temporaryFolder();
let device: Device;
let base: PromptedModel;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await holdTiny(device);
});
afterAll(() => device.close());

const inputs = (tokenizer: Tokenizer, prompt: string) => ({
  sample: normal(fold(key, 'sample'), [1, 4, 8, 8]),
  timestep: ndArray('float32', [1], Float32Array.of(321)),
  ids: encodePrompts(tokenizer, [prompt]),
});
type Inputs = ReturnType<typeof inputs>;

const specsOf = (tree: Inputs) =>
  mapTree<Inputs, NdArray, TensorSpec>(tree, ({ shape, dtype }) => spec(shape, dtype)) as {
    readonly [K in keyof Inputs]: TensorSpec;
  };

const configsOf = ({ unet, textEncoder }: HeldModel) => ({
  unet: unet.config,
  textEncoder: textEncoder.config,
});

/** What a held model predicts for a prompt; models of the same shapes share a program. */
async function prediction({ model, tokenizer }: PromptedModel, prompt: string): Promise<NdArray> {
  const state = await frozenNetworks(model);
  const specs = specsOfState(state);
  const shape = JSON.stringify(specs);
  const program = programs.get(shape) ?? (await compilePrediction(model, specs));
  programs.set(shape, program);
  const { prediction: result } = await program.run(inputs(tokenizer, prompt), state);
  await state.dispose();
  return result;
}

const programs = new Map<string, Awaited<ReturnType<typeof compilePrediction>>>();

const compilePrediction = (model: HeldModel, specs: ReturnType<typeof specsOfState>) =>
  device.compileStep(
    ({ ids, ...input }, trees) => ({
      outputs: {
        prediction: predict(trees as never, configsOf(model), {
          ...input,
          prompt: { kind: 'ids', tensor: ids },
        }),
      },
      state: {},
    }),
    specsOf(inputs(base.tokenizer, '')),
    specs,
  );

const specsOfState = (state: State) =>
  mapTree<Tree<StateLeaf>, StateLeaf, TensorSpec>(state.references() as Tree<StateLeaf>, ({ shape, dtype }) =>
    spec(shape, dtype),
  ) as { unet: Tree<TensorSpec>; textEncoder: Tree<TensorSpec> };

const sourcesOf = ({ unet, textEncoder }: HeldModel) => ({
  unet: unet.parameters.sources() as Tree<LazySource>,
  textEncoder: textEncoder.parameters.sources() as Tree<LazySource>,
});

const initialized = async (plan: ConceptPlan) => {
  const initial = await personalizationMethod(plan, base.tokenizer).initialize(sourcesOf(base.model), key);
  return (await readFloats(initial as Tree<Source>)) as Learned<NdArray>;
};

/** As if it had been trained: everything a little elsewhere. */
const moved = async (plan: ConceptPlan): Promise<Learned<NdArray>> =>
  mapTree<Tree<NdArray>, NdArray, NdArray>((await initialized(plan)) as Tree<NdArray>, (array, path) =>
    randomLike(fold(key, path), array, 0.05),
  ) as Learned<NdArray>;

async function personalized(plan: ConceptPlan, learned: Learned<NdArray>): Promise<PromptedModel> {
  const state = await device.hold(learned as Tree<NdArray>);
  const method = personalizationMethod(plan, base.tokenizer);
  const model = await personalizedModel(base.model, method, state.references() as Learned<StateLeaf>);
  await state.dispose();
  return { model, tokenizer: extendTokenizer(base.tokenizer, plan.tokens) };
}

const cardOf = (plan: ConceptPlan): ConceptCard => ({
  format: 'dreamsteerer concept 1',
  ...plan,
  base: { name: 'tiny', hash: '0'.repeat(64) },
  phrase: '<toy> cat',
  classWord: 'cat',
  steps: 3,
  seed: 1,
  training: { learningRate: 1e-3 },
});

const shapes = {
  unet: new Map(tinyPipeline.unet.parameters),
  textEncoder: new Map(tinyPipeline.textEncoder.parameters),
};

const largest = (a: NdArray, b: NdArray): number =>
  (a.data as Float32Array).reduce((most, x, i) => Math.max(most, Math.abs(x - Number(b.data[i]))), 0);

describe.each(methodCases)('%s', (name, plan) => {
  const word = plan.tokens.length > 0 ? '<toy>' : 'cat';

  test('predicts at first what the base predicts for the initializer', async () => {
    const own = await personalized(plan, await initialized(plan));
    const expected = await prediction(base, `the ${'cat '.repeat(plan.tokens[0]?.vectors ?? 1)}`);
    expect(largest(await prediction(own, `the ${word}`), expected)).toBeLessThan(1e-5);
    await releaseModel(own.model);
  });

  test('gives gradients to all that it learns, and the base is unchanged beside it', async () => {
    const learned = await moved(plan);
    const method = personalizationMethod(plan, base.tokenizer);
    const frozen = await frozenNetworks(base.model);
    const held = await device.hold(learned as Tree<NdArray>);
    const state = await device.combine({
      base: frozen.references() as Tree<StateLeaf>,
      learned: held.references() as Tree<StateLeaf>,
    });
    const feeds = inputs(extendTokenizer(base.tokenizer, plan.tokens), `the ${word}`);
    const program = await device.compileStep(
      ({ ids, sample, timestep }, trees) => {
        const { base: networks, learned: variables } = trees as unknown as {
          readonly base: Tree<Tensor>;
          readonly learned: Learned<Tensor>;
        };
        const answer = predictPersonalized({ configs: configsOf(base.model), method }, networks, variables, {
          sample,
          timestep,
          prompt: { kind: 'ids', tensor: ids },
        });
        return { outputs: gradient(meanSquaredError(answer, sample), variables as Tree<Tensor>), state: {} };
      },
      specsOf(feeds),
      specsOfState(state) as Tree<TensorSpec>,
    );
    const gradients = flatten<NdArray>((await program.run(feeds, state)) as Tree<NdArray>);
    expect(gradients.map(([path]) => path)).toEqual(
      flatten<NdArray>(learned as Tree<NdArray>).map(([path]) => path),
    );
    // Keys of one text all alike would have none; the embedding's rows of other words, and the positions' of none.
    const still = gradients.filter(([, { data }]) => (data as Float32Array).every((value) => value === 0));
    expect(still.map(([path]) => path)).toEqual([]);
    for (const each of [program, state, held, frozen]) await each.dispose();
  });

  test('is saved and read back bit for bit, and applied the same', async () => {
    const learned = await moved(plan);
    const path = folder.path(name.replaceAll(' ', '-'));
    await writeConcept(path, cardOf(plan), conceptOfLearned(plan, learned), { base: tinyPipeline });
    const opened = await readConcept(path, { base: shapes });
    expect(opened.card).toEqual(cardOf(plan));
    const again = await learnedOfConcept(opened);
    expect(again.plan).toEqual(plan);
    const expected = new Map(flatten<NdArray>(learned as Tree<NdArray>));
    const found = flatten<LazySource>(again.learned as Tree<LazySource>);
    expect(found.map(([each]) => each).sort()).toEqual([...expected.keys()].sort());
    for (const [each, source] of found) expect((await source.read()).data).toEqual(expected.get(each)!.data);

    const own = await personalized(plan, learned);
    const applied = await applyConcept(base, opened);
    const [a, b] = [await prediction(own, `the ${word}`), await prediction(applied, `the ${word}`)];
    expect(b.data).toEqual(a.data);
    expect(largest(a, await prediction(base, 'the cat'))).toBeGreaterThan(1e-3);
    await releaseModel(own.model);
    await releaseModel(applied.model);
    await opened.close();
  });

  test('is understood without its card, as another tool finds it', async () => {
    const path = folder.path(name.replaceAll(' ', '-'));
    const { kind, close } = await openCheckpoint(path);
    expect(kind).toBe(
      {
        'textual-inversion': 'embedding',
        dreambooth: 'model',
        'custom-diffusion': 'Custom Diffusion',
        lora: 'LoRA',
      }[plan.method.kind],
    );
    await close();
  });

  test('is expressed as a LoRA of full rank and as a whole model, which predict the same', async () => {
    const learned = await moved(plan);
    const own = await personalized(plan, learned);
    const expected = await prediction(own, `the ${word}`);
    const { concept, captured, plan: asLora } = await learnedAsLora(base.model, plan, learned, 64);
    expect(asLora.method).toMatchObject(
      {
        'textual-inversion': { kind: 'textual-inversion' },
        dreambooth: { kind: 'lora', targets: loraTargets },
        'custom-diffusion': { kind: 'lora', targets: ['attention', 'cross-attention'] },
        lora: plan.method,
      }[plan.method.kind],
    );
    const whole = await learnedAsWholeModel(base.model, plan, learned);
    const exact = captured > 1 - 1e-6;
    expect(exact).toBe(plan.method.kind !== 'dreambooth' && name !== 'Custom Diffusion of all projections');
    expect(captured).toBeGreaterThan(0.5);
    const forms = [...(exact ? [concept] : []), whole];
    for (const form of forms) {
      const opened = {
        ...form,
        card: undefined,
        tokenizerFiles: undefined,
        sentence: '',
        close: async () => {},
      };
      const applied = await applyConcept(base, opened);
      expect(largest(await prediction(applied, `the ${word}`), expected)).toBeLessThan(1e-4);
      await releaseModel(applied.model);
    }
    await releaseModel(own.model);
  });
});

test('the base is as it was', async () => {
  const { unet } = base.model;
  const now = flatten<NdArray>((await unet.parameters.read()) as Tree<NdArray>);
  for (const [path, { data }] of now) {
    expect(data).toEqual((tinyPipeline.unet.parameters.get(path) as NdArray).data);
  }
});
