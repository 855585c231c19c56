import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PretrainResult } from '../../../src/app/tasks/pretrain/pretrain.ts';
import type { QualityReport } from '../../../src/app/tasks/pretrain/report.ts';
import {
  castArray,
  flatten,
  type NdArray,
  openDevice,
  randomKey,
  resultOf,
} from '../../../src/engine/index.ts';
import {
  openCheckpoint,
  openClip,
  openDiffusersFolder,
  readTokenizer,
  readTrainingState,
} from '../../../src/files/checkpoints/index.ts';
import { readPicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent, type TaskInput } from '../../../src/index.ts';
import {
  holdModel,
  parseSchedulerConfig,
  readScheduler,
  textToImage,
} from '../../../src/methods/diffusion/index.ts';
import { encodePrompt } from '../../../src/networks/clip/index.ts';
import { pocketNetworks, type Training, trainings, trialRecipe } from '../../../src/pocket/training/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();
const trial = { recipe: 'trial', device: 'cpu', threads: 1, sheetSteps: 1000 } as const;

type Changes = Partial<TaskInput<'pretrain'>>;

const pretrain = (
  stage: TaskInput<'pretrain'>['stage'],
  changes: Changes = {},
  options: Parameters<typeof completeTask<'pretrain'>>[2] = {},
): Promise<PretrainResult> =>
  completeTask(
    'pretrain',
    { ...trial, stage, out: folder.path('out'), model: folder.path('model'), ...changes },
    options,
  );

/** A new folder with all that the tests' first runs have made but for one training. */
async function copyWithout(training: Training): Promise<string> {
  const out = folder.path(`all but ${training} ${copies++}`);
  const filter = (path: string) => !basename(path).startsWith(`${training}.`);
  await cp(folder.path('out'), out, { recursive: true, filter });
  return out;
}

let copies = 0;

async function stopAt(step: number, training: Training, out: string, changes: Changes = {}): Promise<void> {
  const controller = new AbortController();
  const onEvent = (event: TaskEvent) => {
    if (event.kind === 'progress' && event.unit === 'steps' && event.done === step) {
      controller.abort(new Error('enough'));
    }
  };
  const options = { signal: controller.signal, onEvent };
  await expect(pretrain(training, { out, ...changes }, options)).rejects.toThrow('enough');
}

async function notesOf(training: Training, changes: Changes): Promise<string[]> {
  const notes: string[] = [];
  const onEvent = (event: TaskEvent) =>
    (event.kind === 'note' || event.kind === 'warning') && notes.push(event.message);
  await pretrain(training, changes, { onEvent });
  return notes;
}

/** Of the assembled model, on next to nothing. */
async function reported(changes: Changes = {}): Promise<QualityReport & { readonly card: string }> {
  const result = await pretrain('report', { scenes: 2, prompts: 2, ...changes });
  if (result.stage !== 'report' || result.card === undefined) throw new Error('no card was written');
  return { ...result, card: result.card };
}

describe('pretrain', { timeout: 300_000 }, () => {
  const results = new Map<string, PretrainResult>();
  const events: TaskEvent[] = [];

  // All stages once, in order; the tests look at what is there.
  beforeAll(async () => {
    for (const training of trainings) {
      const changes = training === 'vae' ? { sheetSteps: 4 } : {};
      const onEvent = (event: TaskEvent) => events.push(event);
      results.set(training, await pretrain(training, changes, training === 'vae' ? { onEvent } : {}));
    }
    results.set('assemble', await pretrain('assemble'));
  }, 300_000);

  test('tells how far it is', () => {
    const steps = events.flatMap((event) => (event.kind === 'progress' ? [[event.done, event.total]] : []));
    expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6].map((done) => [done, 6]));
  });

  test.each(trainings)('leaves the state, the log, a sheet and a curve of %s', async (training) => {
    const names = await readdir(folder.path('out'));
    expect(names.filter((name) => name.startsWith(`${training}.`)).sort()).toEqual([
      `${training}.json`,
      `${training}.losses.jsonl`,
      `${training}.losses.png`,
      `${training}.state.safetensors`,
      ...(training === 'vae' ? ['vae.step-000004.png'] : []),
      `${training}.step-000006.png`,
    ]);
    const lines = (await readFile(join(folder.path('out'), `${training}.losses.jsonl`), 'utf8'))
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { kind: 'start', step: 0, machine: expect.stringContaining('cpu') },
      ...[1, 2, 3, 4, 5, 6].map((step) => ({ kind: 'step', step, loss: expect.any(Number) })),
    ]);
    expect(results.get(training)).toMatchObject({ stage: training, steps: 6 });
  });

  test('shows originals and reconstructions, similarities, and generated pictures on its sheets', async () => {
    const sizeOf = async (name: string) => {
      const { width, height } = await readPicture(join(folder.path('out'), name));
      return [width, height];
    };
    expect(await sizeOf('vae.step-000006.png')).toEqual([8 * 20 - 4, 4 * 20 - 4]);
    expect(await sizeOf('unet.step-000006.png')).toEqual([8 * 20 - 4, 2 * 20 - 4]);
    const [width, height] = await sizeOf('clip.step-000006.png');
    expect(width! > 1000 && height! > 600).toBe(true);
  });

  test.each(trainings)(
    'goes on with %s from where it was stopped as if it had not been, bit for bit',
    async (training) => {
      const out = await copyWithout(training);
      await stopAt(3, training, out);
      expect(await notesOf(training, { out })).toEqual(['Going on from step 3']);
      const stateIn = async (path: string) =>
        flatten<NdArray>(await readTrainingState(join(path, `${training}.state.safetensors`)));
      expect(await stateIn(out)).toEqual(await stateIn(folder.path('out')));
      const log = (await readFile(join(out, `${training}.losses.jsonl`), 'utf8')).trim().split('\n');
      expect(log.map((line) => [JSON.parse(line).kind, JSON.parse(line).step])).toEqual([
        ['start', 0],
        ['step', 1],
        ['step', 2],
        ['step', 3],
        ['start', 3],
        ['step', 4],
        ['step', 5],
        ['step', 6],
      ]);
    },
  );

  test('saves what there is when it is stopped in its last step', async () => {
    const out = folder.path('stopped late');
    await stopAt(5, 'vae', out, { steps: 5 });
    expect(await readdir(out)).toEqual(['vae.json', 'vae.losses.jsonl', 'vae.state.safetensors']);
  });

  test('says which trainings below have not come to their end', async () => {
    const out = await copyWithout('reconstruction');
    await Promise.all(['vae.json', 'vae.state.safetensors'].map((name) => rm(join(out, name))));
    await stopAt(2, 'vae', out);
    expect(await notesOf('reconstruction', { out, steps: 1 })).toContain(
      'The training "vae" has made 2 of its 6 steps',
    );
  });

  test('warns where settings change on the way, and the card tells which until when', async () => {
    const out = folder.path('other settings');
    const settings = { out, steps: 4 };
    await stopAt(2, 'vae', out, settings);
    const path = join(out, 'vae.json');
    const record = JSON.parse(await readFile(path, 'utf8'));
    expect(record).toMatchObject({ seed: trialRecipe.seed, recipe: { steps: 4 } });
    await writeFile(path, JSON.stringify({ ...record, recipe: { ...record.recipe, learningRate: 0.5 } }));
    expect(await notesOf('vae', settings)).toContain('Going on with another learningRate than up to step 2');
    const { earlier } = JSON.parse(await readFile(path, 'utf8'));
    expect(earlier).toEqual([{ until: 2, recipe: { ...record.recipe, learningRate: 0.5 } }]);
    expect((await notesOf('vae', { out, steps: 5 })).join()).not.toContain('Going on with');

    // Settings of a run that made no step, here one that was stopped before its first save, are none of the past.
    const made = JSON.parse(await readFile(path, 'utf8'));
    const unused = { ...made.recipe, learningRate: 0.25 };
    const begun = { ...made, recipe: unused, earlier: [...earlier, { until: 5, recipe: made.recipe }] };
    await writeFile(path, JSON.stringify(begun));
    expect((await notesOf('vae', { out, steps: 5 })).join()).not.toContain('Going on with');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(made);
    await pretrain('clip', { out });
    const { card } = await reported({ out });
    expect(await readFile(card, 'utf8')).toMatch(
      /^\| vae \| 5 \|.*\| until step 2 steps 4, learningRate 0\.5; then steps 5 \|$/m,
    );
  });

  test('warns where there are fewer steps than the learning rate needs', async () => {
    const { warmup, decay } = trialRecipe.vae;
    const out = folder.path('few steps');
    const told = await notesOf('vae', { out, steps: warmup + decay - 2 });
    expect(told).toEqual([expect.stringMatching(/^In \d+ steps the learning rate comes to 50 % of/)]);
    const enough = await notesOf('vae', { out, steps: warmup + decay - 1 });
    expect(enough.join()).not.toContain('the learning rate');
  });

  test('assembles what there is with a warning of what there is not', async () => {
    const out = await copyWithout('reconstruction');
    await rm(join(out, 'unet.state.safetensors'));
    await stopAt(2, 'unet', out);
    const warnings: string[] = [];
    const onEvent = (event: TaskEvent) => event.kind === 'warning' && warnings.push(event.message);
    await pretrain('assemble', { out, model: folder.path('unfinished') }, { onEvent });
    expect(warnings).toEqual([
      'The training "unet" has made 2 of its 6 steps',
      'There is no training "reconstruction", so the autoencoder stays as "vae" left it',
    ]);
  });

  test('refuses to go on, and to assemble, where what it was begun on has changed', async () => {
    const another = folder.path('another first encoder');
    await cp(folder.path('out'), another, { recursive: true });
    await pretrain('vae', { out: another, steps: 7 });
    const first = 'reconstruction.state.safetensors: was trained on another first encoder than there is now';
    await expect(pretrain('reconstruction', { out: another, steps: 7 })).rejects.toThrow(first);
    await expect(pretrain('assemble', { out: another, model: folder.path('never') })).rejects.toThrow(first);

    const out = await copyWithout('reconstruction');
    const sentence = /unet.state.safetensors: was trained on another encoder than there is now; remove it/;
    await expect(pretrain('unet', { out, steps: 7 })).rejects.toThrow(sentence);
    await expect(pretrain('assemble', { out, model: folder.path('never') })).rejects.toThrow(sentence);
    await pretrain('clip', { out, steps: 7 });
    await expect(pretrain('vision', { out, steps: 7 })).rejects.toThrow('was trained on another text tower');

    // Begun anew, it has latents of the encoder that there is now, and their own factor.
    const factorIn = async (path: string) => JSON.parse(await readFile(join(path, 'latents.json'), 'utf8'));
    const before = await factorIn(out);
    await rm(join(out, 'unet.state.safetensors'));
    await pretrain('unet', { out, steps: 1 });
    const after = await factorIn(out);
    expect(after.encoder).not.toBe(before.encoder);
    expect(after.scalingFactor).not.toBe(before.scalingFactor);
    const encoded = (await readdir(out)).filter((name) => name.startsWith('encoded'));
    expect(encoded).toEqual([expect.stringContaining(after.encoder)]);
  });

  test('assembles nothing before all trainings have begun, and encodes nothing for it', async () => {
    const out = folder.path('two of them');
    await pretrain('vae', { out, steps: 1 });
    await pretrain('clip', { out, steps: 1 });
    await expect(pretrain('assemble', { out, model: folder.path('never') })).rejects.toThrow(
      'there is no state of the training "unet"',
    );
    expect(await readdir(out)).not.toContain('latents.json');
  });

  test('tells how far the encoding of scenes is, and stops in it', async () => {
    const out = folder.path('encoding');
    const start = folder.path('model');
    const controller = new AbortController();
    const encoded: number[] = [];
    const onEvent = (event: TaskEvent) => {
      if (event.kind !== 'progress' || event.stage !== 'Encoding scenes') return;
      encoded.push(event.done);
      controller.abort(new Error('enough'));
    };
    await expect(pretrain('unet', { out, start }, { signal: controller.signal, onEvent })).rejects.toThrow(
      'enough',
    );
    expect(encoded).toEqual([8]);
    expect((await readdir(out)).filter((name) => name.startsWith('encoded'))).toEqual([]);
  });

  test('replaces the built-in model only where it is named', async () => {
    await expect(pretrain('assemble', { model: undefined })).rejects.toThrow(
      'model: assemble writes a model; name the folder that it goes to',
    );
  });

  test('assembles a folder that opens and makes pictures', async () => {
    const path = folder.path('model');
    const opened = await openCheckpoint(path);
    if (opened.kind !== 'model') throw new Error(opened.sentence);
    const { model } = opened;
    const { scalingFactor } = JSON.parse(await readFile(join(folder.path('out'), 'latents.json'), 'utf8'));
    expect(model.vae.config.scalingFactor).toBeCloseTo(scalingFactor, 6);
    expect(model.textEncoder.surplus).toEqual([]);
    expect(model.textEncoder.leftAside).toEqual(['text_projection.weight']);
    expect([...model.unet.parameters.values()].every(({ dtype }) => dtype === 'float16')).toBe(true);
    const tokenizer = await readTokenizer(path, model.tokenizerFiles);
    const prompt = 'a photo of a red cat on the moon, zeppelin';
    expect(encodePrompt(tokenizer, prompt)).toEqual(encodePrompt(pocketNetworks().tokenizer, prompt));

    const device = await openDevice('cpu', { threads: 1 });
    const making = textToImage(await holdModel(device, model), {
      tokenizer,
      prompt,
      steps: 2,
      guidanceScale: 3,
      key: randomKey(1),
      height: 16,
      width: 16,
      scheduler: readScheduler(parseSchedulerConfig(model.schedulerConfig)),
    });
    const { images } = await resultOf(making);
    expect(images.shape).toEqual([1, 3, 16, 16]);
    await device.close();
    await opened.close();
  });

  test('assembles the tuned autoencoder and vision tower, and a CLIP', async () => {
    const clip = await openClip(folder.path('model'));
    const state = async (training: string) => {
      const path = join(folder.path('out'), `${training}.state.safetensors`);
      return new Map(flatten<NdArray>(await readTrainingState(path)));
    };
    const name = 'visual_projection.weight';
    const tuned = (await state('vision')).get(`averages.vision.${name}`)!;
    const before = (await state('clip')).get(`averages.vision.${name}`)!;
    const stored = await clip.vision.parameters.get(name)!.read();
    expect(stored).toEqual(castArray(tuned, 'float16'));
    expect(stored).not.toEqual(castArray(before, 'float16'));
    expect(clip.text?.config.projectionSize).toBe(trialRecipe.configs.textEncoder.projection_dim);
    await clip.close();

    const model = await openDiffusersFolder(folder.path('model'));
    const [tunedVae, firstVae] = [await state('reconstruction'), await state('vae')];
    for (const name of ['encoder.conv_in.weight', 'decoder.conv_out.weight']) {
      const stored = await model.vae.parameters.get(name)!.read();
      expect(stored).toEqual(castArray(tunedVae.get(`averages.${name}`)!, 'float16'));
      expect(stored).not.toEqual(castArray(firstVae.get(`averages.${name}`)!, 'float16'));
    }
    await model.close();
  });

  test('names in its index what Python loads', async () => {
    const index = JSON.parse(await readFile(join(folder.path('model'), 'model_index.json'), 'utf8'));
    expect(index).toMatchObject({
      _class_name: 'StableDiffusionPipeline',
      feature_extractor: ['transformers', 'CLIPImageProcessor'],
      image_encoder: ['transformers', 'CLIPVisionModelWithProjection'],
      scheduler: ['diffusers', 'DPMSolverMultistepScheduler'],
      text_encoder: ['transformers', 'CLIPTextModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
    });
    const merges = await readFile(join(folder.path('model'), 'tokenizer/merges.txt'), 'utf8');
    expect(merges.split('\n')[0]).toBe('#version: 0.2');
  });

  test('reports the figures into the model card, and leaves alone what stands around them', async () => {
    const result = await reported();
    expect(result.figures.map(({ value }) => Number.isFinite(value))).toEqual(result.figures.map(() => true));
    const card = await readFile(result.card, 'utf8');
    expect(card).toMatch(/^# The pocket model/);
    expect(card).toContain(
      `| Reconstruction, PSNR | ${result.figures[0]!.value.toFixed(1)} dB | ≥ 28.0 dB (missed) | 2 |`,
    );
    expect(card).toMatch(/^\| unet \| 6 \|.*\| as below \|$/m);
    const pictures = [...card.matchAll(/\]\((card\/[^)]+)\)/g)].map(([, path]) => path!);
    expect(pictures).toHaveLength(3 + trainings.length);
    for (const path of pictures) await readPicture(join(folder.path('model'), path));

    await writeFile(result.card, card.replace('# The pocket model', '# My words'));
    await pretrain('assemble');
    await reported({ prompts: 3 });
    const again = await readFile(result.card, 'utf8');
    expect(again).toMatch(/^# My words/);
    expect(again).toContain('≥ 92.0 % (missed) | 3 |');
    expect(again.match(/## Quality/g)).toHaveLength(1);

    // Without the trainings' folder it keeps what the card tells of them.
    const elsewhere = folder.path('nowhere');
    await reported({ out: elsewhere });
    const trainingsOf = (card: string) => card.slice(card.indexOf('## Trainings'), card.indexOf('## Recipe'));
    expect(trainingsOf(await readFile(result.card, 'utf8'))).toBe(trainingsOf(again));
    expect(await readdir(folder.path('.'))).not.toContain('nowhere');

    // With one of them it keeps what it tells of the others.
    const out = folder.path('one more');
    await pretrain('clip', { out, steps: 3 });
    const record = JSON.parse(await readFile(join(out, 'clip.json'), 'utf8'));
    const { captionLength: _, ...lacking } = record.recipe; // as of a version that had no such setting
    const earlier = [{ until: 1, recipe: lacking }];
    await writeFile(join(out, 'clip.json'), JSON.stringify({ ...record, earlier }));
    const rows = (card: string) => card.match(/^\| \w+ \|.*$/gm) ?? [];
    const isOfClip = (row: string) => row.startsWith('| clip |');
    const bygone = '| decoder | 5 | 1 s | 0.3 | a machine | as below |'; // of a version that had such a training
    const cardThen = await readFile(result.card, 'utf8');
    await writeFile(result.card, cardThen.replace(/^(\| unet \|.*)$/m, `$1\n${bygone}`));
    await reported({ out });
    const other = trainingsOf(await readFile(result.card, 'utf8'));
    const others = rows(trainingsOf(again)).filter((row) => !isOfClip(row));
    expect(rows(other).filter((row) => !isOfClip(row))).toEqual([...others, bygone]);
    expect(rows(other).find(isOfClip)).toMatch(
      /\| 3 \|.*\| until step 1 steps 3, no captionLength; then steps 3 \|$/,
    );
    expect(other.match(/!\[Loss of/g)).toHaveLength(trainings.length + 1);
  }, 300_000);

  test('reports on the built-in model and leaves its card as it is', async () => {
    const card = () => readFile(folder.path('model/README.md'), 'utf8');
    const before = await card();
    const changes = { model: undefined, scenes: 3, prompts: 2 };
    const result = await pretrain('report', changes, { builtInModel: folder.path('model') });
    expect(result).toMatchObject({ stage: 'report', card: undefined });
    expect(await card()).toBe(before);
  });

  test('begins with a model where one is given, for lack of trainings', async () => {
    const out = folder.path('begun');
    const start = folder.path('model');
    await pretrain('unet', { out, start, steps: 1 });
    const name = 'conv_out.weight'; // zero where a UNet is trained from scratch
    const model = await openDiffusersFolder(start);
    const stored = castArray(await model.unet.parameters.get(name)!.read(), 'float32').data;
    await model.close();
    const state = new Map(flatten<NdArray>(await readTrainingState(join(out, 'unet.state.safetensors'))));
    const moved = state.get(`variables.${name}`)!.data;
    const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
    const storedNumbers = Array.from(stored, Number);
    expect(largest(storedNumbers)).toBeGreaterThan(0.004);
    expect(largest(storedNumbers.map((value, at) => Number(moved[at]) - value))).toBeLessThan(0.002);
    const factorIn = async (path: string) =>
      JSON.parse(await readFile(join(path, 'latents.json'), 'utf8')).scalingFactor;
    expect(await factorIn(out)).toBe(await factorIn(folder.path('out')));
  });

  test('says which training is missing', async () => {
    await expect(pretrain('reconstruction', { out: folder.path('empty') })).rejects.toThrow(
      'there is no state of the training "vae", which this needs; run it first (dreamsteerer pretrain vae --out',
    );
  });

  test('refuses a log with a line that is none', async () => {
    const out = folder.path('odd');
    await pretrain('clip', { out, steps: 1 });
    await writeFile(join(out, 'clip.losses.jsonl'), '{"kind":"step"}\n');
    await expect(pretrain('clip', { out, steps: 2 })).rejects.toThrow(
      "clip.losses.jsonl, line 1: is no line of a training's log; remove it",
    );
  });
});
