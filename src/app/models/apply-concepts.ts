import { flatten, type NdArray, Owner, type Tree } from '../../engine/index.ts';
import {
  type ArraySources,
  type LazyArrays,
  type LowRankUpdates,
  mergeLora,
  type NetworkChange,
  type OpenedConcept,
  readTree,
  withEmbeddings,
} from '../../files/checkpoints/index.ts';
import { isLazyArray } from '../../files/formats/index.ts';
import { ownTokenizer, tokenTable } from '../../methods/personalization/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import type { TaskContext } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { type ConceptReference, locateReference } from './concept-reference.ts';
import { inPlace, isLora, openConcept } from './open-concept.ts';
import type { OpenedModel } from './open-model.ts';

/** What concepts change of a model: networks by their parameters, on disk but for what was changed. */
export interface ConceptModel {
  readonly unet: OpenedModel['checkpoint']['unet'];
  readonly textEncoder: OpenedModel['checkpoint']['textEncoder'];
  readonly tokenizer: Tokenizer;
}

/**
 * The model with concepts applied one after the other: learned words, LoRAs, Custom Diffusion, the networks of a
 * DreamBooth model. Changed weights are read and kept; all others stay on disk, and where nobody needs the model without
 * them nothing of it is read twice. `applyConcept` of personalization does it on a device, beside the model.
 * @param texts each `path` or, of a LoRA, `path:scale`; for a path also an id on the hub, from which it is pulled
 * @param prompt is looked through for the concepts' words
 * @throws a sentence that names the concept, if it is none or is for another model
 */
export async function* applyConcepts(
  { checkpoint: { unet, textEncoder }, tokenizer }: OpenedModel,
  texts: readonly string[],
  prompt: string,
  context: TaskContext,
): AsyncGenerator<TaskEvent, { readonly model: ConceptModel; close(): Promise<void> }> {
  await using owner = new Owner();
  let model: ConceptModel = { unet, textEncoder, tokenizer };
  for (const text of texts) {
    const reference = yield* locateReference(text, context);
    const concept = yield* openConcept(reference, model, [prompt]);
    owner.defer(concept.close);
    model = yield* applyConcept(model, concept, reference);
  }
  return { model, close: owner.move().dispose };
}

async function* applyConcept(
  model: ConceptModel,
  concept: OpenedConcept,
  { path, scale }: ConceptReference,
): AsyncGenerator<TaskEvent, ConceptModel> {
  const unet = await changed(model.unet.parameters, concept.unet, path);
  const text = await changed(model.textEncoder.parameters, concept.textEncoder, path);
  if (isLora(concept)) {
    const strength = Math.hypot(unet.change, text.change);
    yield { kind: 'note', message: `${path}: applied at ${scale}, ‖ΔW‖ = ${strength.toPrecision(3)}` };
    if (strength === 0) {
      const message = `${path}: changes nothing, all its updates are zero or its scale is`;
      yield { kind: 'warning', message };
    }
  }
  return withWords(
    {
      tokenizer: (await ownTokenizer(concept)) ?? model.tokenizer,
      unet: { ...model.unet, parameters: unet.parameters },
      textEncoder: { ...model.textEncoder, parameters: text.parameters },
    },
    concept,
    path,
  );
}

interface Changed {
  readonly parameters: LazyArrays;
  /** ‖ΔW‖ of a LoRA's updates. */
  readonly change: number;
}

async function changed(parameters: LazyArrays, change: NetworkChange, path: string): Promise<Changed> {
  switch (change.kind) {
    case 'nothing':
      return { parameters, change: 0 };
    case 'replaced':
      return { parameters: replacedBy(parameters, change.parameters), change: 0 };
    case 'low rank':
      return mergedLora(parameters, change.updates, path);
  }
}

/** Other weights in their places; nothing is read. */
const replacedBy = (parameters: LazyArrays, replacements: ArraySources): LazyArrays =>
  new Map([
    ...parameters,
    ...[...replacements].map(
      ([name, source]) => [name, isLazyArray(source) ? source : held(source)] as const,
    ),
  ]);

async function mergedLora(parameters: LazyArrays, updates: LowRankUpdates, path: string) {
  const merged = await inPlace(path, async () => mergeLora(await subtree(parameters, updates), updates, 1));
  return { parameters: withArrays(parameters, merged.parameters), change: merged.change };
}

/** The words' vectors as further rows of the table. */
async function withWords(
  model: ConceptModel,
  { embeddings }: OpenedConcept,
  path: string,
): Promise<ConceptModel> {
  if (embeddings.length === 0) return model;
  const parameters = model.textEncoder.parameters;
  const table = await parameters.get(tokenTable)!.read();
  const extended = await inPlace(path, async () => withEmbeddings(model.tokenizer, table, embeddings));
  return {
    ...model,
    tokenizer: extended.tokenizer,
    textEncoder: {
      ...model.textEncoder,
      parameters: new Map([...parameters, [tokenTable, held(extended.table)]]),
    },
  };
}

/** The arrays of these names, in float32. What the model does not have is left to those who look for it. */
const subtree = (parameters: LazyArrays, names: ReadonlyMap<string, unknown>): Promise<Tree<NdArray>> =>
  readTree(new Map([...parameters].filter(([name]) => names.has(name))) as ArraySources);

const withArrays = (parameters: LazyArrays, changed: Tree<NdArray>): LazyArrays =>
  new Map([...parameters, ...flatten<NdArray>(changed).map(([name, array]) => [name, held(array)] as const)]);

/** An array in memory, given out anew each time it is read: a device takes what it reads. */
const held = (array: NdArray) => ({
  dtype: array.dtype,
  shape: array.shape,
  read: async () => ({ ...array, data: array.data.slice() }) as NdArray,
});
