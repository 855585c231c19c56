import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { main } from '../../../src/app/cli/main.ts';
import { taskNames, version } from '../../../src/index.ts';
import { tinyFiles } from '../tiny-files.ts';

const folder = tinyFiles();
const command = fileURLToPath(new URL('../../../bin/dreamsteerer.js', import.meta.url));
const size = ['--width', '32', '--height', '16', '--device', 'cpu'];

afterEach(() => {
  vi.restoreAllMocks();
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process. */
async function run(...typed: readonly string[]): Promise<Outcome> {
  const printed = { out: '', err: '' };
  const capture = (to: 'out' | 'err') => (text: unknown) => {
    printed[to] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(capture('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(capture('err'));
  const listeners = process.stdout.listeners('error');
  const code = await main(typed);
  for (const added of process.stdout.listeners('error')) {
    if (!listeners.includes(added)) process.stdout.off('error', added as () => void);
  }
  vi.restoreAllMocks();
  return { code, ...printed };
}

/** Runs it as people do. `watch` may send it signals. */
function start(typed: readonly string[], watch?: (out: string, kill: (signal: 'SIGINT') => void) => void) {
  const child = spawn(process.execPath, [command, ...typed]);
  const printed = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    printed.out += data;
    watch?.(printed.out, (signal) => child.kill(signal));
  });
  child.stderr.on('data', (data) => {
    printed.err += data;
  });
  // A shell says 130 of what SIGINT ended.
  return new Promise<Outcome>((resolve) =>
    child.on('close', (code, signal) => resolve({ code: signal === 'SIGINT' ? 130 : code, ...printed })),
  );
}

describe('the command', () => {
  test('prints lines of JSON and nothing else with --json', async () => {
    const output = folder.path('json.png');
    const typed = ['the cat', '-m', folder.path('model'), '-o', output, '--steps', '2', ...size, '--json'];
    const { code, out, err } = await start(['generate', ...typed]);
    expect([code, err]).toEqual([0, '']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ kind }) => kind === 'progress')).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ kind: 'result', result: { pictures: [{ path: output }] } });
  });

  test.each([
    ['the next step by one Ctrl-C', 1, /^Stopping after this step.*\nStopped before the end.*\n$/],
    ['once by two', 2, /^Stopping after this step/],
  ])('is stopped at %s', async (_, times, said) => {
    const output = folder.path(`stopped-${times}`);
    const typed = ['the cat', '-m', folder.path('model'), '-o', output, '--steps', '900', ...size, '--json'];
    let sent = 0;
    const { code, out, err } = await start(['generate', ...typed], (printed, kill) => {
      const steps = printed.split('"kind":"progress"').length - 1;
      if (steps > 2 && sent < times) {
        sent = times;
        kill('SIGINT');
        if (times === 2) setTimeout(() => kill('SIGINT'), 1);
      }
    });
    expect(code).toBe(130);
    expect(err).toMatch(said);
    expect(out).not.toContain('"kind":"result"');
    expect(await readdir(folder.path(''))).not.toContain(`stopped-${times}`);
  });

  test('prints the path of a picture, and is quiet otherwise where nobody watches', async () => {
    const output = folder.path('quiet.png');
    const { code, out, err } = await run(
      'generate',
      '--prompt',
      'the cat',
      '-m',
      folder.path('model'),
      '-o',
      output,
      '--steps',
      '1',
      ...size,
    );
    expect([code, out, err]).toEqual([0, `${output}\n`, '']);
  });

  test('prints its version and its help', async () => {
    expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const name of taskNames.filter((each) => !each.includes(' '))) expect(out).toContain(`  ${name} `);
    const parent = (await run('bench', '--help')).out;
    for (const name of ['init', 'report']) expect(parent).toContain(`  ${name} `);
    const help = (await run('generate', '--help')).out.replaceAll(/\s+/g, ' ');
    expect(help).toContain(
      '--steps <number> Denoising steps (a whole number from 1 to 1000 steps; default 30)',
    );
    expect(help).toContain('--no-settings Leave out: prompt, seed');
    expect(help).toContain('one of ddim, ddpm, pndm, euler, euler-ancestral, dpm-solver++');
  });
});

/** Flags and what is said about them; one sentence, no stack, exit code 1. */
const refusals: readonly (readonly [typed: readonly string[], message: RegExp])[] = [
  [['cat', '-m', 'nowhere.safetensors'], /^"nowhere\.safetensors": is not there .*; check the path/],
  [['cat', '--width', '13'], /^--width: expected a multiple of 8 from 8 to 8192, got 13$/],
  [['cat', '--steps', '0'], /^--steps: expected a whole number from 1 to 1000, got 0$/],
  [['cat', '--seed', '1.5'], /^--seed: expected a whole number from 0 to \d+, got 1\.5$/],
  [['cat', '-g', 'much'], /^--guidance-scale: expected a number from 0 to 100, got "much"$/],
  [['cat', '--sampler', 'quler'], /^--sampler: expected one of ddim, .*, got "quler"; did you mean euler\?$/],
  [
    ['cat', '--sampler', 'ddim', '--sigmas', 'karras'],
    /^--sigmas: the sampler ddim has its own noise levels/,
  ],
  [[''], /^--prompt: expected a text that is not empty, got ""$/],
  [[], /^--prompt: expected a text that is not empty, got nothing$/],
  [['cat', '--prompt', 'dog'], /^--prompt: is given twice/],
  [['cat', '-o', 'MODEL/model_index.json'], /^--output: pictures are written as \.png/],
  [
    ['cat', '-o', 'FOLDER/single.safetensors/pictures'],
    /^--output: .*single\.safetensors is a file, not a folder/,
  ],
  [['cat', '-c', 'FOLDER/nothing.pt'], /nothing\.pt"?: is not there \(no file or folder of this name\)/],
  [['cat', '-c', 'FOLDER/cat.safetensors:0.5'], /is no LoRA, and only a LoRA has a scale, got 0\.5/],
  [['cat', '-c', 'FOLDER/cat.safetensors:50'], /the scale of a concept lies between -10 and 10, got 50/],
  [
    ['cat', '-c', 'FOLDER/other-family.pt'],
    /other-family\.pt: .* vectors of 768, the model's are of 64; it was learned on another family/,
  ],
  [['cat', '-m', 'FOLDER/lora.safetensors'], /a LoRA in kohya's layout.*; a whole model is needed here/],
  [['cat', '-m', 'FOLDER/single.safetensors'], /a single file has no tokenizer; .*\(--tokenizer\)/],
  [
    ['cat', '--device', 'coreml'],
    /Device "coreml" is not part of this ONNX Runtime; this installation has code for cpu/,
  ],
];

describe('the command refuses', () => {
  test.each(refusals)('generate %j', async (typed, message) => {
    const paths = typed.map((each) =>
      each.replace('MODEL', folder.path('model')).replace('FOLDER', folder.path('')),
    );
    const { code, out, err } = await run(
      'generate',
      '-m',
      folder.path('model'),
      '-o',
      folder.path('refused'),
      ...paths,
    );
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^dreamsteerer: [^\n]+\n$/);
    expect(err.replace(/^dreamsteerer: /, '').trimEnd()).toMatch(message);
    expect(await readdir(folder.path(''))).not.toContain('refused');
  });

  test('a file that is there, before anything is computed, unless forced', async () => {
    const output = folder.path('taken.png');
    const typed = ['generate', 'the cat', '-m', folder.path('model'), '-o', output, '--steps', '1', ...size];
    expect((await run(...typed)).code).toBe(0);
    const { code, err } = await run(...typed);
    expect([code, err]).toEqual([1, expect.stringMatching(/taken\.png: is there already; .*\(--force\)\n$/)]);
    expect((await run(...typed, '--force')).code).toBe(0);
  });

  test.each([
    [['generate', 'cat', '--frobnicate'], /unknown option '--frobnicate'/],
    [
      ['generate', 'a', 'cat'],
      /expects at most 1 argument \(prompt\), got "a", "cat"; .* in quotes: "a cat"\n$/,
    ],
    [['doctor', 'now'], /"doctor" expects at most 0 arguments, got "now"\n$/],
    [['bench', '--json', 'init', 'folder'], /--json stands before "init", .*; write it behind "init"\n$/],
    [['bench', '--seeds', '2', 'report', 'folder'], /--seeds stands before "report", /],
    [['generat', 'cat'], /unknown command 'generat'\n\(Did you mean generate\?\)/],
  ])('%j as wrong use', async (typed, message) => {
    const { code, err } = await run(...typed);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  test('with an error as the last line of JSON, and with a stack if that is wished', async () => {
    const { code, out, err } = await run('inspect', folder.path('none'), '--json', '--verbose');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({ kind: 'error', message: expect.stringContaining('is not there') });
    expect(err).toMatch(/\n {4}at /);
  });
});
