import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { hashOpenedModel } from '../../../src/app/models/hash-opened-model.ts';
import { type OpenModelOptions, openModel } from '../../../src/app/models/open-model.ts';
import { full, type NdArray, resultOf } from '../../../src/engine/index.ts';
import { writeDiffusersFolder } from '../../../src/files/checkpoints/index.ts';
import { tinyEditing, tinyEditor } from '../tiny-editing.ts';

const folder = tinyEditing();

beforeAll(async () => {
  const [[name, array]] = [...tinyEditor.vae.parameters] as [[string, NdArray]];
  const parameters = new Map([...tinyEditor.vae.parameters, [name, full(array.shape, 1)] as const]);
  await writeDiffusersFolder(folder.path('other-vae'), {
    ...tinyEditor,
    vae: { ...tinyEditor.vae, parameters },
  });
  await writeDiffusersFolder(folder.path('other-tokenizer'), tinyEditor);
  const config = folder.path('other-tokenizer/tokenizer/tokenizer_config.json');
  const text = await readFile(config, 'utf8').catch(() => '{}');
  await writeFile(config, JSON.stringify({ ...JSON.parse(text), name_or_path: 'another' }));
});

async function hashesOf(options: Partial<OpenModelOptions>) {
  const context = { builtInModel: folder.path('model') } as Parameters<typeof openModel>[1];
  const opened = await resultOf(
    openModel({ model: folder.path('model'), variant: 'full', ...options }, context),
  );
  try {
    return await hashOpenedModel(opened);
  } finally {
    await opened.close();
  }
}

test.each([
  ['another autoencoder', { model: 'other-vae' }, ['vae']],
  ['another prediction', { prediction: 'v_prediction' }, ['scheduler']],
  ['a borrowed tokenizer', { tokenizer: 'other-tokenizer' }, ['tokenizer']],
  ['its own tokenizer, borrowed', { tokenizer: 'model' }, []],
] as const)('the hashes of a model tell %s', async (_, options, different) => {
  const [own, other] = [
    await hashesOf({}),
    await hashesOf({
      ...options,
      ...('model' in options && { model: folder.path(options.model) }),
      ...('tokenizer' in options && { tokenizer: folder.path(options.tokenizer) }),
    }),
  ];
  const names = Object.keys(own) as (keyof typeof own)[];
  expect(names.filter((name) => own[name] !== other[name])).toEqual(different);
});
