import {
  gradient,
  mapTree,
  multiply,
  type Shape,
  type State,
  spec,
  sum,
  type Tensor,
  type TensorSpec,
  type Tree,
  trace,
} from '../../engine/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { unet } from '../../networks/unet/index.ts';
import { chooseTiling, pixelsPerCell, vaeDecode } from '../../networks/vae/index.ts';
import {
  type ConceptPlan,
  changesText,
  diffusionProblem,
  feedIds,
  type Learned,
  type PromptFeeds,
  personalizationMethod,
  type TrainingSettings,
} from '../personalization/index.ts';
import { steeredParameters } from '../steering/steered-parameters.ts';
import { steeringProblem } from '../steering/steering-problem.ts';
import type { SteeringSettings } from '../steering/steering-settings.ts';
import { calibration } from './calibration.ts';
import { trainingStages } from './estimate-training.ts';
import { intermediateBytes } from './intermediate-bytes.ts';
import { largestStage, type MemoryEstimate, type MemoryPart, type MemoryStage } from './memory-estimate.ts';
import { floatBytes, hollowLearned, hollowSources, type ModelSpecs, modelBytes } from './model-specs.ts';

/** What an estimate needs to know of a model. */
export interface EstimatedModel {
  readonly model: ModelSpecs;
  /** Without the concept's words. */
  readonly tokenizer: Tokenizer;
  /** Of the latents of one picture, [1, channels, height, width]. */
  readonly shape: Shape;
}

/** The peak memory of `personalize` with these settings. Nothing is read or computed but shapes. */
export async function estimatePersonalization(
  { model, tokenizer, shape }: EstimatedModel,
  plan: ConceptPlan,
  training: TrainingSettings,
): Promise<MemoryEstimate> {
  const variables = await hollowLearned(model, plan);
  const { batchSize, prior } = training;
  const items = batchSize + (prior.kind === 'none' ? 0 : prior.batchSize);
  const problem = diffusionProblem({
    networks: { method: personalizationMethod(plan, tokenizer), configs: configsOf(model) },
    variables,
    frozen: nowhere,
    feeds: feedsOf(model, tokenizer, variables),
    training: { ...training, activations: 'keep' },
    shape: [items, ...shape.slice(1)] as unknown as readonly [number, number, number, number],
  });
  const stages = trainingStages({
    problem,
    frozen: networksOf(model),
    heldBytes: modelBytes(model),
    activations: training.activations,
  });
  return largestStage('personalize', stages);
}

/** The peak memory of `steer` with these settings. */
export async function estimateSteering(
  { model, tokenizer, shape }: EstimatedModel,
  plan: ConceptPlan,
  settings: SteeringSettings,
): Promise<MemoryEstimate> {
  const learned = await hollowLearned(model, plan);
  const key = { words: [0, 0] } as const;
  const concept = { plan, learned };
  const steered = await steeredParameters(concept, settings.subset, hollowSources(model), tokenizer, key);
  const kept = specsOf(steered.kept as Tree<TensorSpec>);
  const problem = steeringProblem({
    steered,
    configs: configsOf(model),
    frozen: nowhere,
    feeds: feedsOf(model, tokenizer, steered.variables),
    settings: { ...settings, optimization: { ...settings.optimization, activations: 'keep' } },
    shape,
  });
  const steps = trainingStages({
    problem,
    frozen: { ...networksOf(model), kept },
    heldBytes: modelBytes(model) + floatBytes(kept),
    activations: settings.optimization.activations,
  });
  const sampling = guidedStage({ model, tokenizer, shape }, plan, learned);
  return largestStage('steer', [...steps, ...(settings.modeShifting === 'off' ? [] : [sampling])]);
}

export interface EditingEstimateOptions {
  /** What was just steered is in memory another time, to be written. Default `on disk`. */
  readonly concept?: 'on disk' | 'steered';
  /**
   * Whether the branches have one network, which then answers for both in one batch (`dds`). Without a concept they
   * have. Default with one: `two`.
   */
  readonly networks?: 'one' | 'two';
}

/** The peak memory of editing latents with a concept, or with the model alone, under guidance in one batch. */
export async function estimateEditing(
  estimated: EstimatedModel,
  plan: ConceptPlan | undefined,
  { concept = 'on disk', networks = 'two' }: EditingEstimateOptions = {},
): Promise<MemoryEstimate> {
  const { model, shape } = estimated;
  const learned = plan === undefined ? {} : await hollowLearned(model, plan);
  const rows = plan === undefined || networks === 'one' ? 4 : 2; // with and without text
  const concepts = modelParts(model, plan, learned);
  const held = [
    ...concepts,
    ...(concept === 'steered' ? [{ ...concepts.at(-1)!, label: 'what was steered' }] : []),
  ];
  return largestStage('edit', [
    unetStage('a step of the edit', held, estimated, rows * shape[0]!),
    decoderStage(held, estimated),
  ]);
}

/**
 * The peak memory of sampling pictures with a model that concepts are merged into.
 * @param rows that the UNet answers for at a time: under guidance twice the pictures of a batch
 */
export function estimateSampling(estimated: EstimatedModel, rows: number): MemoryEstimate {
  const held = modelParts(estimated.model, undefined, {});
  return largestStage('generate', [
    unetStage('a step of sampling', held, estimated, rows),
    decoderStage(held, estimated),
  ]);
}

/** A forward pass of the UNet beside what is held. */
function unetStage(
  stage: string,
  held: readonly MemoryPart[],
  { model, tokenizer, shape }: EstimatedModel,
  rows: number,
): MemoryStage {
  const counted = countUnet(model, tokenizer, [rows, ...shape.slice(1)]);
  return { stage, parts: [...held, { label: 'activations', bytes: calibration.forward * counted }] };
}

/** One picture after the other, or tile after tile; encoding takes less. */
function decoderStage(held: readonly MemoryPart[], { model: { vae }, shape }: EstimatedModel): MemoryStage {
  const [, channels, height, width] = shape as [number, number, number, number];
  const tile = chooseTiling(vae.config, { height, width })?.tile ?? Number.POSITIVE_INFINITY;
  const graph = trace(
    ({ parameters, latents }: { readonly parameters: Tree<Tensor>; readonly latents: Tensor }) => ({
      image: vaeDecode(parameters, vae.config, latents),
    }),
    {
      parameters: vae.specs,
      latents: spec([1, channels, Math.min(height, tile), Math.min(width, tile)]),
    } as never,
  );
  const counted = intermediateBytes(graph.outputs.map(([, tensor]) => tensor));
  const picture = 2 * 4 * 3 * height * width * pixelsPerCell(vae.config) ** 2; // itself, and as tiles are blended
  return {
    stage: 'decoding a picture',
    parts: [...held, { label: 'activations', bytes: calibration.decoder * counted + picture }],
  };
}

/** Guided images: the personalized model beside the pre-trained one, and the energy's gradient. */
function guidedStage(
  { model, tokenizer, shape }: EstimatedModel,
  plan: ConceptPlan,
  learned: Learned<unknown>,
): MemoryStage {
  const parts: MemoryPart[] = [
    ...modelParts(model, plan, learned),
    // The backward pass to the latents keeps what one to few parameters keeps.
    {
      label: 'activations',
      bytes: calibration.backward.recompute * countInputGradient(model, tokenizer, shape),
    },
  ];
  return { stage: 'sampling guided images', parts };
}

/** A LoRA's sums are weights of their own; what other methods replace is there twice. */
function modelParts(
  model: ModelSpecs,
  plan: ConceptPlan | undefined,
  learned: Learned<unknown>,
): readonly MemoryPart[] {
  const own = floatBytes(specsOf(learned as Tree<TensorSpec>));
  const unetBytes = floatBytes(model.unet.specs);
  return [
    { label: 'the model', bytes: modelBytes(model) },
    { label: 'the process', bytes: calibration.fixedBytes },
    { label: 'the concept', bytes: plan?.method.kind === 'lora' ? own + unetBytes : own },
  ];
}

/** The count of a forward pass of the UNet. */
const countUnet = (model: ModelSpecs, tokenizer: Tokenizer, shape: Shape): number =>
  countGraph(model, tokenizer, shape, (prediction) => ({ prediction }));

/** The count of the gradient of a prediction with respect to the latents. */
const countInputGradient = (model: ModelSpecs, tokenizer: Tokenizer, shape: Shape): number =>
  countGraph(model, tokenizer, shape, (prediction, sample) => ({
    slope: gradient(sum(multiply(prediction, prediction)), sample),
  }));

function countGraph(
  { unet: { config, specs }, textEncoder }: ModelSpecs,
  { length }: Tokenizer,
  shape: Shape,
  outputs: (prediction: Tensor, sample: Tensor) => Readonly<Record<string, Tensor>>,
): number {
  const batch = shape[0]!;
  const inputs = {
    sample: spec(shape),
    timestep: spec([batch]),
    encoderHiddenStates: spec([batch, length, textEncoder.config.hiddenSize]),
  };
  const graph = trace(
    (all: {
      readonly parameters: Tree<Tensor>;
      readonly inputs: { readonly [K in keyof typeof inputs]: Tensor };
    }) => outputs(unet(all.parameters, config, all.inputs), all.inputs.sample),
    { parameters: specs, inputs } as never,
  );
  return intermediateBytes(graph.outputs.map(([, tensor]) => tensor));
}

/** Estimates trace losses and run nothing, so that there is no state to read. */
const nowhere = undefined as unknown as State;

const configsOf = ({ unet: { config }, textEncoder }: ModelSpecs) => ({
  unet: config,
  textEncoder: textEncoder.config,
});

const networksOf = ({ unet: { specs }, textEncoder }: ModelSpecs) => ({
  unet: specs,
  textEncoder: textEncoder.specs,
});

const feedsOf = (
  { textEncoder }: ModelSpecs,
  tokenizer: Tokenizer,
  variables: Learned<unknown>,
): PromptFeeds => {
  if (changesText(variables)) return feedIds(tokenizer);
  const { hiddenSize } = textEncoder.config;
  return {
    kind: 'features',
    spec: (batch) => spec([batch, tokenizer.length, hiddenSize]),
    of: () => {
      throw new Error('An estimate computes no features');
    },
  };
};

const specsOf = (tree: Tree<TensorSpec>): Tree<TensorSpec> =>
  mapTree<Tree<TensorSpec>, TensorSpec, TensorSpec>(tree, ({ shape }) => spec(shape)) as Tree<TensorSpec>;
