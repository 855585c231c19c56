import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Owner, openDevice } from '../../../engine/index.ts';
import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import { picturesFromArray, writePicture } from '../../../files/images/index.ts';
import { decodeLatents, type HeldModel, type Latents } from '../../../methods/diffusion/index.ts';
import { encodePrompt, type Tokenizer } from '../../../networks/clip/index.ts';
import { applyConcepts } from '../../models/apply-concepts.ts';
import { holdForTask } from '../../models/hold-for-task.ts';
import { openModel } from '../../models/open-model.ts';
import { presetOf } from '../../models/preset-of.ts';
import { unknownWords } from '../../models/unknown-words.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import { defineTask, type TaskContext } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { checkSamplingMemory } from './check-memory.ts';
import { planOutputs } from './output-files.ts';
import { type DecidedParameters, type GenerateParameters, generateParameters } from './parameters.ts';
import { type PicturePlan, planPictures } from './plan-pictures.ts';
import { type Denoisers, prepareDenoisers, sampleBatch } from './sample-batches.ts';
import { settingsTexts } from './settings.ts';
import { encodeSource, readSource } from './source-picture.ts';

export interface GeneratedPictures {
  readonly model: string;
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly { readonly path: string; readonly seed: number }[];
}

/** Text to image, and image to image. */
export const generate = defineTask({
  summary: 'Make pictures from a prompt, or change one by it',
  examples: [
    ['"a cat in a garden" --seed 1', 'one picture in this folder, with the built-in model'],
    [
      '"a photo of <biscuit> cat" -m stable-diffusion-v1-5/stable-diffusion-v1-5 -c biscuit/',
      'a learned concept, on a model of the hub',
    ],
    ['"a castle" -m model.safetensors --tokenizer other-model/ -c style:0.6', 'a single file and a LoRA'],
    ['"an oil painting of a harbour" --image photo.jpg --strength 0.6', 'a photo as an oil painting'],
    ['"a boat" --count 4 --sampler euler --sigmas karras -o boats/', 'four pictures in a folder'],
  ],
  parameters: generateParameters,

  async *run(given, context): AsyncGenerator<TaskEvent, GeneratedPictures> {
    const seed = given.seed ?? randomInt(2 ** 32);
    const seeds = Array.from({ length: given.count }, (_, index) => seed + index);
    const paths = await planOutputs({ ...given, seeds });
    const picture = yield* readSource(given);
    await using owner = new Owner();
    const opened = yield* openModel(given, context);
    owner.defer(opened.close);
    const parameters = decide(given, opened.checkpoint);
    const plan = planPictures(parameters, opened.checkpoint, seeds, picture);
    const { model, close } = yield* applyConcepts(opened, parameters.concepts, parameters.prompt, context);
    owner.defer(close);
    yield* tellMisread(model.tokenizer, parameters);
    yield* checkSamplingMemory(parameters, plan, { ...model, vae: opened.checkpoint.vae });

    const device = await openDevice(parameters.device, threadsOf(parameters));
    owner.defer(() => device.close());
    yield { kind: 'stage', stage: `Loading the model (${device.name})` };
    const held = await holdForTask(device, opened.checkpoint, model, context.signal);
    const source = picture && (await encodeSource(held, picture, plan, context.signal));
    const denoisers = owner.use(prepareDenoisers(held, model.tokenizer, parameters, plan));
    return yield* makePictures({
      parameters,
      context,
      title: opened.title,
      held,
      denoisers,
      plan,
      source,
      paths,
    });
  },

  describe: ({ pictures }) => pictures.map(({ path }) => path).join('\n'),
});

interface Making {
  readonly parameters: DecidedParameters;
  readonly context: TaskContext;
  /** What the model is called. */
  readonly title: string;
  readonly held: HeldModel;
  readonly denoisers: Denoisers;
  readonly plan: PicturePlan;
  /** Latents that are started from. */
  readonly source: Latents | undefined;
  readonly paths: readonly string[];
}

async function* makePictures(making: Making): AsyncGenerator<TaskEvent, GeneratedPictures> {
  const { parameters, context, title, held, denoisers, plan, source, paths } = making;
  const { signal } = context;
  const { width, height, batches, stepsPerBatch } = plan;
  const existing = parameters.force ? 'replace' : 'refuse';
  const strength = source && plan.strength;
  const pictures: { path: string; seed: number }[] = [];
  const total = batches.length * stepsPerBatch;
  const progress = (done: number) =>
    ({ kind: 'progress', stage: 'Sampling', done, total, unit: 'steps' }) as const;

  yield { kind: 'stage', stage: 'Preparing' };
  for (const [place, seeds] of batches.entries()) {
    const prepared = await denoisers.prepare(seeds.length);
    if (place === 0) yield progress(0);
    const sampling = sampleBatch(prepared, plan, { seeds, source, signal });
    let next = await sampling.next();
    for (; !next.done; next = await sampling.next()) {
      yield progress(place * stepsPerBatch + next.value.step + 1);
    }
    const images = await decodeLatents(held, next.value, { signal });
    for (const [index, picture] of picturesFromArray(images, 'generate').entries()) {
      const path = paths[pictures.length]!;
      const seed = seeds[index]!;
      const texts = settingsTexts(parameters, { seed, width, height, model: title, strength });
      await mkdir(dirname(path), { recursive: true });
      await writePicture(path, picture, { texts, existing });
      pictures.push({ path, seed });
      yield { kind: 'file', path };
    }
  }
  return { model: title, width, height, pictures };
}

function decide(given: GenerateParameters, checkpoint: StableDiffusion): DecidedParameters {
  const usual = usualSampling[presetOf(checkpoint)];
  return {
    ...given,
    sampler: given.sampler ?? (given.sigmas === 'karras' ? 'dpm-solver++' : usual.sampler),
    guidanceScale: given.guidanceScale ?? usual.guidanceScale,
  };
}

/** A prompt has room for 75 tokens, and what is beyond is not seen; a learned word needs the concept that it is of. */
function* tellMisread(tokenizer: Tokenizer, parameters: GenerateParameters): Generator<TaskEvent> {
  for (const [name, text] of [
    ['prompt', parameters.prompt],
    ['negative prompt', parameters.negativePrompt],
  ] as const) {
    for (const word of unknownWords(tokenizer, text)) {
      yield {
        kind: 'warning',
        message: `${name}: the model does not know ${JSON.stringify(word)}; name the concept that it belongs to (--concept)`,
      };
    }
    const { dropped } = encodePrompt(tokenizer, text);
    if (dropped.length === 0) continue;
    const left = dropped.map((piece) => piece.text).join(' ');
    yield {
      kind: 'warning',
      message: `${name}: is longer than the ${tokenizer.length - 2} tokens that the model reads; left out: ${JSON.stringify(left)}`,
    };
  }
}

const threadsOf = ({ threads }: GenerateParameters) => (threads === undefined ? {} : { threads });
