import { access, readdir, readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { MethodKind } from '../../../src/files/checkpoints/index.ts';
import { readPicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import type { TemporaryFolder } from '../../files/formats/temporary-folder.ts';

/** An edit of a second or two, in a folder of `tinyEditing`. */
export const quickEdit = (folder: TemporaryFolder) =>
  ({
    picture: folder.path('photo.png'),
    sourcePrompt: 'a photo of a cat',
    prompt: 'a photo of a <toy> cat',
    concept: folder.path('custom-diffusion'),
    model: folder.path('model'),
    seed: 5,
    steps: 2,
    steerSteps: 2,
    guidedImages: 1,
    device: 'cpu',
    threads: 1,
  }) as const;

/** A concept of four steps. */
export const quickPersonalize = (folder: TemporaryFolder) =>
  ({
    pictures: [folder.path('photo.png')] as string[],
    class: 'cat',
    token: '<biscuit>',
    model: folder.path('model'),
    steps: 4,
    sampleEvery: 0,
    priorPictures: 0,
    device: 'cpu',
    threads: 1,
  }) as const;

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** How many samples of two pictures differ where the mask is black, and where it is not. */
export async function changesOf(before: string, after: string, mask: string) {
  const [from, to, where] = await Promise.all([before, after, mask].map((path) => readPicture(path)));
  const counts = { outside: 0, inside: 0 };
  for (let index = 0; index < from!.pixels.length; index++) {
    if (from!.pixels[index] === to!.pixels[index]) continue;
    counts[where!.pixels[index] === 0 ? 'outside' : 'inside']++;
  }
  return counts;
}

/** Steers and edits with a concept of a kind; nothing else is touched, and nothing is left behind. */
export async function expectEditWith(folder: TemporaryFolder, kind: MethodKind): Promise<void> {
  const output = folder.path(`out-${kind}`);
  const result = await completeTask('edit', { ...quickEdit(folder), concept: folder.path(kind), output });
  const { outside, inside } = await changesOf(
    folder.path('photo.png'),
    `${output}/edit.png`,
    `${output}/mask.png`,
  );
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(0);
  expect(result.variants).toMatchObject([{ name: 'full', changedOutsideMask: 0 }]);
  expect((await readdir(output)).sort()).toEqual(['edit.png', 'mask.png', 'run.json', 'sheet.png']);
  expect(await isThere(`${output}.unfinished`)).toBe(false);
}

/** What other tools open, by method. */
export const conceptFiles = {
  'textual-inversion': 'learned_embeds.safetensors',
  dreambooth: 'model_index.json',
  'custom-diffusion': 'pytorch_custom_diffusion_weights.bin',
  lora: 'pytorch_lora_weights.safetensors',
} as const satisfies { readonly [M in MethodKind]: string };

/** Learns a concept, looks at its folder, and edits with it: without a warning. */
export async function expectToLearnBy(folder: TemporaryFolder, method: MethodKind): Promise<void> {
  const output = folder.path(`concepts-${method}`);
  const result = await completeTask('personalize', { ...quickPersonalize(folder), method, output });
  expect(result).toMatchObject({ method, steps: 4, loss: expect.any(Number) });
  expect(await readdir(output)).toEqual(
    expect.arrayContaining([conceptFiles[method], 'concept.json', 'reference.png', 'run.json']),
  );
  const card = JSON.parse(await readFile(`${output}/concept.json`, 'utf8'));
  expect(card).toMatchObject({ method: { kind: method }, classWord: 'cat', steps: 4, seed: 0 });
  const warnings: TaskEvent[] = [];
  await completeTask(
    'edit',
    {
      picture: folder.path('photo.png'),
      sourcePrompt: 'a photo of a cat',
      prompt: `a photo of a ${result.phrase}`,
      concept: output,
      model: folder.path('model'),
      output: folder.path(`edited-${method}`),
      steps: 1,
      steer: false,
      device: 'cpu',
    },
    { onEvent: (event) => event.kind === 'warning' && warnings.push(event) },
  );
  expect(warnings).toEqual([]);
}
