import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { normal, randomKey } from '../../../src/engine/index.ts';
import { writeEmbedding } from '../../../src/files/checkpoints/index.ts';
import { tinyEditing } from '../tiny-editing.ts';
import { runMain } from './run-main.ts';

const folder = tinyEditing(['custom-diffusion']);
const command = fileURLToPath(new URL('../../../bin/dreamsteerer.js', import.meta.url));

const blank = (width: number, height: number, colour = 'white') =>
  sharp({ create: { width, height, channels: 3, background: colour }, limitInputPixels: false }).png();

beforeAll(async () => {
  await blank(1, 1).toFile(folder.path('dot.png'));
  await blank(40, 20).toFile(folder.path('other-size.png'));
  await blank(40, 24).toFile(folder.path('white.png'));
  await blank(40, 24, 'black').toFile(folder.path('black.png'));
  // A header is enough: the size is looked at before anything is decoded.
  const huge = await blank(1, 1).toBuffer();
  huge.writeUInt32BE(20_000, 16);
  huge.writeUInt32BE(20_000, 20);
  huge.writeUInt32BE(crc(huge.subarray(12, 29)), 29);
  await writeFile(folder.path('huge.png'), huge);
  await writeFile(folder.path('text.jpg'), 'This is no picture.');
  await mkdir(folder.path('taken'));
  await writeFile(folder.path('taken/mine.txt'), 'mine');
  await mkdir(folder.path('empty'));
  await writeEmbedding(folder.path('other-family.safetensors'), {
    token: '<toy>',
    vectors: normal(randomKey(1), [1, 768]),
  });
});

/** As PNG has it. */
function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const usual: Readonly<Record<string, string>> = {
  '--source-prompt': 'a photo of a cat',
  '--prompt': 'a photo of a <toy> cat',
  '--concept': 'FOLDER/custom-diffusion',
  '--model': 'FOLDER/model',
  '-o': 'FOLDER/refused',
  '--device': 'cpu',
};

/** What is typed instead of the usual, and what is said. */
const refusals: readonly (readonly [picture: string, changed: Readonly<Record<string, string>>, RegExp])[] = [
  ['nothing.png', {}, /nothing\.png: cannot be opened \(ENOENT\)/],
  ['text.jpg', {}, /text\.jpg: .*picture/],
  ['dot.png', {}, /dot\.png: is 1 x 1, too small to show anything; give a picture of at least 8 x 8/],
  ['huge.png', {}, /huge\.png: is 20000 x 20000, 400000000 pixels, more than the \d+ allowed/],
  ['photo.png', { '--prompt': '' }, /^--prompt: expected a text that is not empty, got ""/],
  ['photo.png', { '--source-prompt': ' ' }, /^--source-prompt: expected a text that is not empty/],
  ['photo.png', { '--prompt': 'a photo of a cat' }, /^--prompt: reads the same as the source prompt/],
  ['photo.png', { '--prompt': 'A photo  of a Cat' }, /^--prompt: reads the same as the source prompt/],
  [
    'photo.png',
    { '--prompt': 'a photo of a <tou> cat' },
    /^--prompt: the model does not know "<tou>"; the concept is called "<toy> cat"/,
  ],
  [
    'photo.png',
    { '--source-prompt': 'a <toy> cat' },
    /^--source-prompt: "<toy>" is no word of the model itself/,
  ],
  [
    'photo.png',
    { '--concept': 'FOLDER/other-family.safetensors' },
    /other-family\.safetensors: .*vectors of 768, the model's are of 16; it was learned on another family/,
  ],
  ['photo.png', { '--concept': 'FOLDER/nobody' }, /nobody"?: is not there/],
  [
    'photo.png',
    { '--mask': 'FOLDER/other-size.png' },
    /other-size\.png: the mask is as large as the picture, 40 x 24, got 40 x 20/,
  ],
  [
    'photo.png',
    { '--mask': 'FOLDER/white.png', '--variants': 'dds,dds-s' },
    /^--mask: without a mask is how dds, dds-s edit; add a variant that has one \(dds-sm, full\), or leave/,
  ],
  ['photo.png', { '--mask': 'FOLDER/black.png' }, /black\.png: the mask is black everywhere/],
  ['photo.png', { '--subject': 'dog' }, /^--subject: "dog" does not stand in the source prompt/],
  ['photo.png', { '--steps': '0' }, /^--steps: expected a whole number from 1 to 10000, got 0/],
  ['photo.png', { '--steer-steps': '0' }, /^--steer-steps: expected a whole number from 1 to \d+, got 0/],
  ['photo.png', { '--guided-images': '0' }, /^--guided-images: expected a whole number from 1 to \d+, got 0/],
  [
    'photo.png',
    { '--variants': 'dds,fill' },
    /^--variants: expected some of dds, dds-s, dds-sm, full .*got "fill"; did you mean full\?/,
  ],
  ['photo.png', { '-o': 'FOLDER/taken' }, /^--output: .*taken is there already and not empty; .*\(--force\)/],
  ['photo.png', { '-o': 'FOLDER/photo.png' }, /^--output: .*photo\.png is a file, not a folder/],
  ['photo.png', { '--fast': '', '--best': '' }, /^--fast: contradicts --best; leave one of them out$/],
];

describe('edit refuses', () => {
  test.each(refusals)('%s with %j', async (picture, changed, message) => {
    const typed = Object.entries({ ...usual, ...changed }).flatMap(([flag, value]) =>
      flag === '--fast' || flag === '--best' ? [flag] : [flag, value.replace('FOLDER', folder.path(''))],
    );
    const before = (await readdir(folder.path(''))).sort();
    const { code, out, err } = await runMain('edit', folder.path(picture), ...typed);
    expect([code, out]).toEqual([1, '']);
    const lines = err
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('warning: '));
    expect(lines).toEqual([expect.stringMatching(/^dreamsteerer: /)]);
    expect(lines[0]!.replace('dreamsteerer: ', '')).toMatch(message);
    expect((await readdir(folder.path(''))).sort()).toEqual(before);
    expect(await readdir(folder.path('taken'))).toEqual(['mine.txt']);
  });
});

describe('personalize refuses', () => {
  test.each([
    [['photo.png'], ['--class', ''], /^--class: expected a text that is not empty/],
    [['photo.png', 'nothing.png'], [], /nothing\.png: cannot be opened \(ENOENT\)/],
    [['text.jpg'], [], /text\.jpg: .*picture/],
    [['huge.png'], [], /huge\.png: is 20000 x 20000, 400000000 pixels, more than the \d+ allowed/],
    [['photo.png'], ['--steps', '0'], /^--steps: expected a whole number from 1 to \d+, got 0/],
    [['photo.png'], ['-o', 'FOLDER/taken'], /taken is there already/],
    [['photo.png'], ['--method', 'dreamboth'], /^--method: expected .*; did you mean dreambooth\?/],
    [['photo.png'], ['-m', 'FOLDER/nobody'], /nobody"?: .*(is not there|no such folder)/],
    [[], [], /^--picture: expected texts that are not empty, got nothing/],
    [['empty'], [], /empty: there is no picture in this folder/],
    [['photo.png', 'dot.png'], [], /dot\.png: is 1 x 1, too small/],
    [
      ['photo.png'],
      ['-o', 'FOLDER/taken', '--force'],
      /taken is there and is no concept, so it is not replaced/,
    ],
    [['photo.png'], ['--token', 'my cat'], /^--token: one word without spaces is expected, got "my cat"/],
    [
      ['photo.png'],
      ['--token', 'cat'],
      /^--token: "cat" is a token already; choose a name such as "<cat-2>"/,
    ],
    [['photo.png'], ['--rank', '4'], /^--rank: is of a LoRA, and the method is custom-diffusion/],
    [
      ['photo.png'],
      ['--token', '<toy>', '--captions'],
      /photo\.txt: cannot be read \(ENOENT\); write the caption/,
    ],
  ] as const)('%j %j', async (pictures, changed, message) => {
    const common = [
      '--class',
      'cat',
      '-m',
      folder.path('model'),
      '-o',
      folder.path('refused'),
      '--device',
      'cpu',
    ];
    const typed = changed.map((each) => each.replace('FOLDER', folder.path('')));
    const paths = pictures.map((each) => folder.path(each));
    const { code, err } = await runMain('personalize', ...paths, ...common, ...typed);
    expect([code, err.replace('dreamsteerer: ', '')]).toEqual([1, expect.stringMatching(message)]);
    expect(await readdir(folder.path(''))).not.toContain('refused');
  });
});

test('the demo says what is missing where the built-in model is', async () => {
  const { completeTask } = await import('../../../src/index.ts');
  const without = { builtInModel: folder.path('no-model') };
  await expect(completeTask('demo', { output: folder.path('demo') }, without)).rejects.toThrow(
    /^demo: the built-in model \(.*no-model\) is not part of this installation; with a model of your own use/,
  );
});

test('Ctrl-C stops an edit with how to go on, and it goes on', async () => {
  const typed = Object.entries({ ...usual, '--steps': '60', '--seed': '3', '-o': 'FOLDER/interrupted' })
    .flatMap(([flag, value]) => [flag, value.replace('FOLDER', folder.path(''))])
    .concat('--no-steer', '--json');
  const run = (more: readonly string[], stop: (out: string) => boolean) => {
    const child = spawn(process.execPath, [command, 'edit', folder.path('photo.png'), ...typed, ...more]);
    const printed = { out: '', err: '' };
    let sent = false;
    child.stdout.on('data', (data) => {
      printed.out += data;
      if (!sent && stop(printed.out)) {
        sent = true;
        child.kill('SIGINT');
      }
    });
    child.stderr.on('data', (data) => {
      printed.err += data;
    });
    return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      child.on('close', (code) => resolve({ code, ...printed })),
    );
  };
  const first = await run([], (out) => /"Editing[^}]*"done":3/.test(out));
  expect(first.code).toBe(130);
  expect(first.err).toMatch(/Stopped; nothing is lost\. Go on with the same command and --resume/);
  expect(await readdir(folder.path(''))).not.toContain('interrupted');
  const second = await run(['--resume'], () => false);
  expect([second.code, second.err]).toEqual([0, '']);
  expect(second.out).not.toMatch(/"Editing[^}]*"done":2,/);
  expect(await readdir(folder.path('interrupted'))).toContain('edit.png');
}, 240_000);
