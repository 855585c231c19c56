import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BenchmarkSettings,
  baselineNames,
  benchmarkSettings,
  changedSettings,
  quickSettings,
} from '../../../src/app/benchmark/plan/benchmark-settings.ts';
import { caseKey } from '../../../src/app/benchmark/plan/cell.ts';
import type { BenchmarkIdentity } from '../../../src/app/benchmark/plan/make-jobs.ts';
import { type BenchmarkRequest, planBenchmark } from '../../../src/app/benchmark/plan/plan-benchmark.ts';
import { usualEditing } from '../../../src/app/models/usual-editing.ts';
import { contentHash } from '../../../src/app/runs/content-hash.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { openTiny, tinyManifest, tinyPictures, writePictures } from './tiny-manifest.ts';

const folder = temporaryFolder();
beforeAll(() => writePictures(folder, tinyPictures));

const usual = benchmarkSettings('pocket');
const clip = { kind: 'CLIP', name: 'org/clip', hash: 'c' } as const;
const request: BenchmarkRequest = {
  suites: ['main', 'ablation', 'one-shot'],
  baselines: ['dreambooth', 'lora'],
  seeds: [0, 1],
  settings: usual,
  identity: { preset: 'pocket', model: 'a', instruments: [clip] },
};

const plan = async (changes: Partial<BenchmarkRequest> = {}, manifest = tinyManifest) =>
  planBenchmark(await openTiny(folder, manifest), { ...request, ...changes });

describe('content hashes', () => {
  test('do not depend on the order of keys, nor on what is undefined', () => {
    expect(contentHash({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(
      contentHash({ b: { c: [1, 2] }, a: 1 }),
    );
  });

  test.each([
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, {}],
    [{ clip: Number.POSITIVE_INFINITY }, { clip: null }],
    [['a', 'b'], ['ab']],
    [{ a: { b: 1 } }, { a: 1, b: 1 }],
  ])('tell %j from %j', (a, b) => expect(contentHash(a)).not.toBe(contentHash(b)));
});

/** Which hashes of the first case's cell, of DreamBooth steered in the main suite, a change moves. */
async function moved(change: () => Promise<Awaited<ReturnType<typeof plan>>>): Promise<readonly string[]> {
  const cellOf = ({ cells }: Awaited<ReturnType<typeof plan>>) =>
    cells.find(
      ({ suite, baseline, variant, concept, source }) =>
        `${suite} ${baseline} ${variant} ${concept} ${source}` === 'main dreambooth steered tom sofa',
    )!;
  const [before, after] = [cellOf(await plan()), cellOf(await change())];
  return (['learn', 'edit', 'measure'] as const).filter((name) => before[name] !== after[name]);
}

const changed = (settings: object) => plan({ settings: changedSettings(usual, settings) });
const everything = ['learn', 'edit', 'measure'];
const source = (change: object) => ({
  ...tinyManifest,
  sources: tinyManifest.sources.map((each) => (each.name === 'sofa' ? { ...each, ...change } : each)),
});

test.each(['SD 1.x', 'SD 2.x', 'pocket'] as const)('a benchmark of %s edits as "edit" does', (preset) => {
  const { steps, sampling, ...usual } = usualEditing[preset];
  const { recordedSteps, ...editing } = benchmarkSettings(preset).editing;
  expect(editing).toEqual(usual);
  expect(recordedSteps.at(-1)).toBe(steps);
  expect(sampling).toBe('uniform'); // or what is recorded on the way would not be what shorter edits come to
});

describe('jobs', () => {
  const changes: readonly (readonly [
    what: string,
    moves: readonly string[],
    change: () => ReturnType<typeof plan>,
  ])[] = [
    ['nothing', [], () => plan()],
    ['the title of the manifest', [], () => plan({}, { ...tinyManifest, title: 'Other' })],
    ['other seeds beside', [], () => plan({ seeds: [0, 5] })],
    ['other baselines and suites', [], () => plan({ baselines: ['dreambooth'], suites: ['main'] })],
    ["another method's settings", [], () => changed({ training: { lora: { steps: 7 } } })],
    [
      "another source's prompt",
      [],
      () =>
        plan(
          {},
          {
            ...tinyManifest,
            sources: tinyManifest.sources.map((each) =>
              each.name === 'roof' ? { ...each, prompt: 'a cat' } : each,
            ),
          },
        ),
    ],
    ['the model', everything, () => plan({ identity: { ...request.identity, model: 'b' } })],
    ['a training setting', everything, () => changed({ training: { steps: 7 } })],
    ['the seed of trainings', everything, () => changed({ trainingSeed: 1 })],
    [
      'the placeholder',
      everything,
      () =>
        plan(
          {},
          {
            ...tinyManifest,
            concepts: tinyManifest.concepts.map((each) => ({ ...each, placeholder: `<new-${each.name}>` })),
          },
        ),
    ],
    ['steering', ['edit', 'measure'], () => changed({ steering: { modeShifting: { weight: 7 } } })],
    [
      'steering of this baseline',
      ['edit', 'measure'],
      () => changed({ steering: { dreambooth: { edsd: 'off' } } }),
    ],
    ['recorded steps', ['edit', 'measure'], () => changed({ editing: { recordedSteps: [5] } })],
    ['the step size', ['edit', 'measure'], () => changed({ editing: { stepSize: 0.05 } })],
    ['the source prompt', ['edit', 'measure'], () => plan({}, source({ prompt: 'one cat on a sofa' }))],
    [
      'the target prompt',
      ['edit', 'measure'],
      () => plan({}, source({ targetPrompt: '{concept} on a sofa' })),
    ],
    [
      'the instruments',
      ['measure'],
      () => plan({ identity: { ...request.identity, instruments: [{ ...clip, hash: 'other' }] } }),
    ],
    ['a right edit less', ['measure'], () => plan({}, source({ oracles: {} }))],
    [
      'the mask, which an automatic one does not need',
      ['measure'],
      () => plan({}, source({ mask: undefined })),
    ],
    ['pictures of the class', [], () => changed({ classBias: { pictures: 9 } })],
  ];
  test.each(changes)('by %s: anew are %j', async (_, moves, change) =>
    expect(await moved(change)).toEqual(moves),
  );

  test.each([
    ['tom/2.png', everything],
    ['kit/1.png', []],
    ['sofa.png', ['edit', 'measure']],
    ['sofa-tom.png', ['measure']],
    ['tom/1.mask.png', ['measure']],
    ['sofa.mask.png', ['measure']],
  ])('another picture %s: anew are %j', async (name, moves) => {
    const before = await plan();
    await writePictures(folder, [name], 'anew');
    const after = await plan();
    await writePictures(folder, [name]);
    expect(await moved(async () => after)).toEqual(moves);
    expect(await moved(async () => before)).toEqual([]);
  });

  test('of guided images that are chosen depend on the first CLIP, and on no further instrument', async () => {
    const planWith = async (guided: object, instruments: BenchmarkIdentity['instruments']) => {
      const settings = changedSettings(usual, { steering: guided });
      const { cells, biases } = await plan({ settings, identity: { ...request.identity, instruments } });
      const { edit, measure } = cells.find(({ variant }) => variant === 'steered')!;
      return { edit, measure, bias: biases[0]!.hash };
    };
    const lpips = { kind: 'LPIPS', name: 'VGG', hash: 'v' } as const;
    const other = { ...clip, hash: 'other' };
    const chosen = { guidedImages: { count: 4, keep: 2 } };
    const usually = await planWith(chosen, [clip]);
    const further = await planWith(chosen, [clip, other, lpips]);
    expect(further).toMatchObject({ edit: usually.edit, bias: usually.bias });
    expect(further.measure).not.toBe(usually.measure);
    expect((await planWith(chosen, [other, clip])).edit).not.toBe(usually.edit);
    const unused = { ...chosen, modeShifting: 'off' };
    expect((await planWith(unused, [other])).edit).toBe((await planWith(unused, [clip])).edit);
  });

  test('equal ones are shared: of suites, and of variants that come to the same', async () => {
    const { cells, jobs } = await plan();
    expect(new Set(jobs.map(({ hash }) => hash)).size).toBe(jobs.length);
    const editsOf = (suite: string, variant: string) =>
      cells.filter((cell) => cell.suite === suite && cell.variant === variant).map(({ edit }) => edit);
    expect(editsOf('ablation', 'steered')).toEqual(editsOf('main', 'steered'));
    expect(editsOf('ablation', 'energy')).toEqual(editsOf('ablation', 'steered'));
    const others = ['injection', 'unguided', 'without-edsd', 'no-mask', 'jacobian-plus'];
    for (const name of others) expect(editsOf('ablation', name)).not.toEqual(editsOf('ablation', 'steered'));
  });

  test('come after what they read, and that is there', async () => {
    const { jobs } = await plan();
    const seen = new Set<string>();
    for (const { hash, after } of jobs) {
      expect(after.every((each) => seen.has(each))).toBe(true);
      seen.add(hash);
    }
  });

  test('of one reference learn from the first picture alone', async () => {
    const { jobs, cells } = await plan();
    const learnOf = (suite: string, concept: string) =>
      cells.find((cell) => cell.suite === suite && cell.concept === concept)!.learn;
    expect(learnOf('one-shot', 'tom')).not.toBe(learnOf('main', 'tom'));
    expect(learnOf('one-shot', 'kit')).toBe(learnOf('main', 'kit'));
    const job = jobs.find(({ hash }) => hash === learnOf('one-shot', 'tom'))!;
    expect(job.kind === 'learn' && job.references).toHaveLength(1);
  });

  test('with the true mask are left out where there is none, and that is said', async () => {
    const { cells, leftOut } = await plan();
    const masked = cells.filter(({ variant }) => variant === 'true-mask');
    expect(new Set(masked.map(({ source }) => source))).toEqual(new Set(['sofa']));
    expect(leftOut).toContain('"true mask" needs masks, and the source "roof" has none');
  });

  test('a limit takes cases of different concepts first', async () => {
    const { cells } = await plan({ limit: 4, suites: ['main'] });
    expect([...new Set(cells.map(caseKey))]).toEqual([
      'tom sofa 0',
      'kit sofa 0',
      'rex park 0',
      'tom roof 0',
    ]);
  });
});

describe('shards', () => {
  test.each([1, 2, 3, 5, 60])('%i of them have each cell once, and all that it needs', async (of) => {
    const whole = await plan();
    const parts = [];
    for (let index = 1; index <= of; index++) parts.push(await plan({ shard: { index, of } }));
    const keyOf = (cell: object) => JSON.stringify(cell);
    expect(parts.flatMap(({ cells }) => cells.map(keyOf)).sort()).toEqual(whole.cells.map(keyOf).sort());
    expect(parts.flatMap(({ biases }) => biases.map(keyOf)).sort()).toEqual(whole.biases.map(keyOf).sort());
    for (const { cells, jobs } of parts) {
      const hashes = new Set(jobs.map(({ hash }) => hash));
      expect(jobs.every(({ after }) => after.every((each) => hashes.has(each)))).toBe(true);
      expect(cells.every(({ measure }) => hashes.has(measure))).toBe(true);
    }
  });

  test('train each model on one machine, where there are enough models', async () => {
    const parts = [await plan({ shard: { index: 1, of: 2 } }), await plan({ shard: { index: 2, of: 2 } })];
    const [first, second] = parts.map(({ cells }) => new Set(cells.map(({ learn }) => learn)));
    expect([...first!].filter((learn) => second!.has(learn))).toEqual([]);
  });
});

describe('settings', () => {
  test('of a quick run take fewer steps of everything', () => {
    const quick = quickSettings(usual);
    for (const baseline of baselineNames) {
      expect(quick.training[baseline].steps).toBeLessThan(usual.training[baseline].steps);
      expect(quick.steering[baseline].optimization.steps).toBeLessThan(
        usual.steering[baseline].optimization.steps,
      );
    }
    expect(Math.max(...quick.editing.recordedSteps)).toBeLessThan(Math.max(...usual.editing.recordedSteps));
  });

  const steeringOf = (settings: BenchmarkSettings) => settings.steering.lora;
  test('can be changed below all baselines, or one', () => {
    expect(
      steeringOf(changedSettings(usual, { steering: { optimization: { steps: 5 } } })).optimization,
    ).toEqual({
      ...steeringOf(usual).optimization,
      steps: 5,
    });
    expect(steeringOf(changedSettings(usual, { steering: { dreambooth: { edsd: 'off' } } }))).toEqual(
      steeringOf(usual),
    );
  });

  test.each([
    [usual, 'all', 1],
    [benchmarkSettings('SD 1.x'), 1, 'all'],
  ] as const)('take a word for a number, and a number for it', (settings, own, rowsPerPass) => {
    expect(steeringOf(settings).optimization.rowsPerPass).toBe(own);
    const wanted = changedSettings(settings, { steering: { optimization: { rowsPerPass } } });
    expect(steeringOf(wanted).optimization).toEqual({ ...steeringOf(settings).optimization, rowsPerPass });
  });

  test("take the photo's own appearance for the concept's, whole", () => {
    const wanted = changedSettings(usual, { steering: { guidedImages: { appearance: 'source' } } });
    expect(steeringOf(wanted).guidedImages).toEqual({
      ...steeringOf(usual).guidedImages,
      appearance: 'source',
    });
  });

  test.each([
    [
      { editing: { steps: 3 } },
      /settings\.editing\.steps: there is no such setting; there are recordedSteps/,
    ],
    [
      { training: { steps: 'many' } },
      /settings\.training\.textual-inversion\.steps: expected a number, got "many"/,
    ],
    [
      { steering: { optimization: { steps: 'all' } } },
      /settings\.steering\.textual-inversion\.optimization\.steps: expected a number, got "all"/,
    ],
    [[], /a JSON object is expected/],
  ])('refuses %j', (changes, message) => expect(() => changedSettings(usual, changes)).toThrow(message));
});
