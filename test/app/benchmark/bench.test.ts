import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/app/benchmark/manifest/manifest.ts';
import { suites } from '../../../src/app/benchmark/plan/variants.ts';
import { flatten, type NdArray } from '../../../src/engine/index.ts';
import { writeDiffusersFolder } from '../../../src/files/checkpoints/index.ts';
import { writePicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent, type TaskInput } from '../../../src/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { tinyVisionJson, visionParameters } from '../../methods/evaluation/tiny-clip.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';
import { tinyEditor } from '../tiny-editing.ts';

const folder = temporaryFolder();

/** So few steps that all methods and ablations take seconds; the tiny UNet has other layers to inject. */
const settings = {
  training: { steps: 2, batchSize: 1, prior: { kind: 'none' } },
  steering: {
    guidedImages: { count: 1, keep: 1, steps: 2 },
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

describe('bench', () => {
  test('edits in every way of its suites, measures and reports, and does nothing twice', async () => {
    const asked = { baselines: ['lora'], suites: ['main', 'ablation'] };
    const { result, events } = await run('lora', asked);
    expect(result.jobs.failed).toEqual([]);
    expect(result.edits).toBe(suites.main.variants.length + suites.ablation.variants.length);
    expect(events.filter(({ kind }) => kind === 'file')).toHaveLength(4);
    const { tables } = await reportOf('lora');
    for (const [place, suite] of (['main', 'ablation'] as const).entries()) {
      const { rows, figures } = tables[place];
      expect(rows.map(({ variant }: { variant: string }) => variant)).toEqual(suites[suite].variants);
      expect(figures).toEqual(
        expect.arrayContaining(['pocket-perceptual-distance', 'ssim', 'clip-i-subject', 'oracle-subject-l1']),
      );
      for (const { curve, cost } of rows) {
        expect(curve.map(({ step }: { step: number }) => step)).toEqual([0, 1, 2]);
        expect(curve[0].means).toMatchObject({ l1: 0, ssim: 1, 'pocket-perceptual-distance': 0 });
        expect(curve[2].means.l1).toBeGreaterThan(0);
        expect(cost.unetCalls).toBeGreaterThan(0);
      }
    }
    const again = await run('lora', asked);
    expect(again.result.jobs).toMatchObject({ alreadyDone: result.jobs.jobs, failed: [] });
    expect(await reportOf('lora')).toEqual({ tables, ...(await reportOf('lora')) });
  }, 240_000);

  test.each(['textual-inversion', 'dreambooth', 'custom-diffusion'])(
    'learns by %s, from one picture too, and steers',
    async (baseline) => {
      const { result } = await run(baseline, {
        baselines: [baseline],
        methods: ['steered'],
        suites: ['one-shot'],
      });
      expect(result.jobs).toMatchObject({ jobs: 4, done: 4, failed: [] });
    },
    240_000,
  );

  test.each([
    [{ shard: '3/2' }, /shard: expected a part of a whole such as 2\/4, got "3\/2"/],
    [
      { baselines: ['dreamboth'] },
      /baselines: there is no baseline "dreamboth"; there are textual-inversion/,
    ],
    [{ settings: 'nowhere.json' }, /nowhere.json: cannot be read/],
    [{ suites: ['main'], methods: ['injection'] }, /nothing of that is asked for/],
  ] as const)('refuses %j', async (parameters, message) => {
    await expect(run('refused', parameters as object)).rejects.toThrow(message);
  });
});
