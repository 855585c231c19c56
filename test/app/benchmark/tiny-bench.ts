import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll } from 'vitest';
import type { Manifest } from '../../../src/app/benchmark/manifest/manifest.ts';
import { readPlanRecords } from '../../../src/app/benchmark/report/plan-record.ts';
import { flatten, type NdArray } from '../../../src/engine/index.ts';
import { writeDiffusersFolder } from '../../../src/files/checkpoints/index.ts';
import { type Picture, readPicture, writePicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent, type TaskInput } from '../../../src/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { tinyVisionJson, visionParameters } from '../../methods/evaluation/tiny-clip.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';
import { tinyEditor } from '../tiny-editing.ts';

/** So few steps that all methods and ablations take seconds; the tiny UNet has other layers to inject. */
const settings = {
  training: { steps: 2, batchSize: 1, prior: { kind: 'none' } },
  steering: {
    guidedImages: { count: 1, keep: 1, steps: 2, appearance: { drawings: 1, times: [0.2], noises: 1 } },
    optimization: { steps: 1 },
    modeShifting: { batchSize: 1 },
    edsd: { batchSize: 1 },
  },
  editing: { recordedSteps: [1, 2] },
  classBias: { pictures: 1, steps: 1 },
};

const manifest: Manifest = {
  format: 'dreamsteerer benchmark 1',
  title: 'Tiny',
  suites: ['main', 'ablation', 'one-shot'],
  concepts: [{ name: 'toy', classWord: 'cat', placeholder: '<toy>', references: 'toy' }],
  sources: [
    {
      name: 'sofa',
      classWord: 'cat',
      picture: 'sofa.png',
      prompt: 'the cat',
      targetPrompt: 'the {concept}',
      mask: 'sofa.mask.png',
      oracles: { toy: { picture: 'oracle.png' } },
    },
  ],
};

/** A benchmark of one concept and one source on a random model, and the task on it. */
export function tinyBench() {
  const folder = temporaryFolder();
  beforeAll(async () => {
    await writeDiffusersFolder(folder.path('model'), tinyEditor, {
      beside: {
        index: { image_encoder: ['transformers', 'CLIPVisionModelWithProjection'] },
        files: new Map([
          ['image_encoder/config.json', Buffer.from(JSON.stringify(tinyVisionJson))],
          [
            'feature_extractor/preprocessor_config.json',
            Buffer.from(JSON.stringify({ size: { shortest_edge: 16 }, crop_size: 16 })),
          ],
        ]),
        weights: new Map([['image_encoder/model.safetensors', new Map(flatten<NdArray>(visionParameters))]]),
      },
    });
    await mkdir(folder.path('toy'));
    for (const name of ['toy/1', 'toy/2', 'sofa', 'oracle']) {
      await writePicture(folder.path(`${name}.png`), tinyPicture(name));
    }
    const mask = tinyPicture('mask');
    for (let i = 0; i < mask.pixels.length; i++) mask.pixels[i] = i % 48 < 24 ? 255 : 0;
    for (const name of ['toy/1', 'toy/2', 'sofa']) await writePicture(folder.path(`${name}.mask.png`), mask);
    await writeFile(folder.path('benchmark.json'), JSON.stringify(manifest));
    await writeFile(folder.path('settings.json'), JSON.stringify(settings));
  }, 60_000);

  async function run(output: string, parameters: Partial<TaskInput<'bench'>> = {}) {
    const events: TaskEvent[] = [];
    const result = await completeTask(
      'bench',
      {
        manifest: folder.path('benchmark.json'),
        model: folder.path('model'),
        settings: folder.path('settings.json'),
        output: folder.path(output),
        device: 'cpu',
        ...parameters,
      },
      { onEvent: (event) => events.push(event) },
    );
    return { result, events };
  }

  const reportOf = async (output: string) =>
    JSON.parse(await readFile(folder.path(`${output}/report/report.json`), 'utf8'));

  /** The pictures of a variant's edit by their files' names. */
  async function editOf(output: string, variant: string): Promise<(name: string) => Promise<Picture>> {
    const [plan] = await readPlanRecords(folder.path(output));
    const { edit } = plan!.cells.find((cell) => cell.variant === variant)!;
    return (name) => readPicture(folder.path(`${output}/results/${edit}/${name}`));
  }
  return { run, reportOf, editOf };
}
