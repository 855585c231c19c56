import { flatten, type NdArray, sameShape, type Tree } from '../../engine/index.ts';
import {
  type ArraySources,
  type LazyArrays,
  type LowRankUpdates,
  mergeLora,
  type NetworkChange,
  type OpenedConcept,
  readConcept,
  readTokenizer,
  readTree,
  withEmbeddings,
} from '../../files/checkpoints/index.ts';
import { FormatError, isLazyArray } from '../../files/formats/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { nearestName } from '../../networks/nn/index.ts';
import { TaskError } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { type ConceptReference, parseConceptReference } from './concept-reference.ts';
import type { OpenedModel } from './open-model.ts';

/** What concepts change of a model: networks by their parameters, on disk but for what was changed. */
export interface ConceptModel {
  readonly unet: OpenedModel['checkpoint']['unet'];
  readonly textEncoder: OpenedModel['checkpoint']['textEncoder'];
  readonly tokenizer: Tokenizer;
}

/**
 * The model with concepts applied one after the other: learned words, LoRAs, Custom Diffusion, the networks of a
 * DreamBooth model. Changed weights are read and kept; all others stay on disk.
 * @param texts each `path` or, of a LoRA, `path:scale`
 * @param prompt is looked through for the concepts' words
 * @throws a sentence that names the concept, if it is none or is for another model
 */
export async function* applyConcepts(
  { checkpoint: { unet, textEncoder }, tokenizer }: OpenedModel,
  texts: readonly string[],
  prompt: string,
): AsyncGenerator<TaskEvent, { readonly model: ConceptModel; close(): Promise<void> }> {
  const references = texts.map(parseConceptReference);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(closers.map((each) => each()));
  };
  let model: ConceptModel = { unet, textEncoder, tokenizer };
  try {
    for (const reference of references) {
      yield { kind: 'stage', stage: `Applying ${reference.path}` };
      const base = { unet: model.unet.parameters, textEncoder: model.textEncoder.parameters };
      const concept = await readConcept(reference.path, { base });
      closers.push(concept.close);
      model = yield* applyConcept(model, concept, reference);
      yield* tellWords(concept, prompt);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { model, close };
}

async function* applyConcept(
  model: ConceptModel,
  concept: OpenedConcept,
  { path, scale }: ConceptReference,
): AsyncGenerator<TaskEvent, ConceptModel> {
  const isLora = [concept.unet, concept.textEncoder].some(({ kind }) => kind === 'low rank');
  if (scale !== 1 && !isLora) {
    throw new TaskError(`${path}: is no LoRA, and only a LoRA has a scale, got ${scale}; leave it out`);
  }
  const unet = await changed(model.unet.parameters, concept.unet, scale, path);
  const text = await changed(model.textEncoder.parameters, concept.textEncoder, scale, path);
  const strength = isLora
    ? `; applied at ${scale}, ‖ΔW‖ = ${Math.hypot(unet.change, text.change).toPrecision(3)}`
    : '';
  yield { kind: 'note', message: `${concept.sentence}${strength}` };
  if (isLora && unet.change + text.change === 0) {
    yield { kind: 'warning', message: `${path}: changes nothing, all its updates are zero or its scale is` };
  }
  const own = concept.tokenizerFiles;
  const tokenizer = own === undefined || own.size === 0 ? model.tokenizer : await readTokenizer(path, own);
  return withWords(
    {
      tokenizer,
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

async function changed(
  parameters: LazyArrays,
  change: NetworkChange,
  scale: number,
  path: string,
): Promise<Changed> {
  switch (change.kind) {
    case 'nothing':
      return { parameters, change: 0 };
    case 'replaced':
      return { parameters: replacedBy(parameters, change.parameters, path), change: 0 };
    case 'low rank':
      return mergedLora(parameters, change.updates, scale, path);
  }
}

/** Other weights in their places; nothing is read. */
function replacedBy(parameters: LazyArrays, replacements: ArraySources, path: string): LazyArrays {
  for (const [name, { shape }] of replacements) {
    const original = parameters.get(name);
    if (original === undefined) {
      throw new FormatError(
        `${path}: replaces "${name}", which the model does not have, the nearest is "${nearestName(name, parameters.keys())}"; it was made for another model`,
      );
    }
    // A whole model brings its own words: its table may have more rows.
    const from = name === tokenTable ? 1 : 0;
    if (!sameShape(original.shape.slice(from), shape.slice(from))) {
      throw new FormatError(
        `${path}: replaces "${name}" by [${shape.join(', ')}], the model has it as [${original.shape.join(', ')}]; it was made for another family of models`,
      );
    }
  }
  return new Map([
    ...parameters,
    ...[...replacements].map(
      ([name, source]) => [name, isLazyArray(source) ? source : held(source)] as const,
    ),
  ]);
}

async function mergedLora(parameters: LazyArrays, updates: LowRankUpdates, scale: number, path: string) {
  const merged = await inPlace(path, async () =>
    mergeLora(await subtree(parameters, updates), updates, scale),
  );
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

const tokenTable = 'text_model.embeddings.token_embedding.weight';

function* tellWords({ embeddings, card }: OpenedConcept, prompt: string): Generator<TaskEvent> {
  const words = card === undefined ? embeddings.map(({ token }) => token) : [card.phrase];
  const unused = words.filter((word) => !prompt.includes(word));
  if (words.length === 0 || unused.length < words.length) return;
  const list = words.map((word) => JSON.stringify(word)).join(' or ');
  yield { kind: 'warning', message: `the prompt does not have ${list}, which the concept is called by` };
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

/** Puts the concept's path before what is wrong with it. */
async function inPlace<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith(path)) throw error;
    throw new FormatError(`${path}: ${error.message}`, { cause: error });
  }
}
