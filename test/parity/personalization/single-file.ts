import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { castArray, type Device, flatten, type NdArray, type Tree } from '../../../src/engine/index.ts';
import {
  fromOriginalNames,
  openSingleFile,
  originalArrays,
  readTree,
  type SingleFile,
  textEncoderLayers,
  textEncoderNaming,
} from '../../../src/files/checkpoints/index.ts';
import { openArrays, readArray } from '../../../src/files/formats/index.ts';
import { parseClipTextConfig } from '../../../src/networks/clip/index.ts';
import { vaeDecode } from '../../../src/networks/vae/index.ts';
import { type Arrays, compareArrays, read, readJson, tolerances, weightsPath } from '../model-folder.ts';
import { compareNumbers, type ParityResult } from '../parity-result.ts';
import { readSafetensors } from '../read-safetensors.ts';
import { type BaseModels, runOn } from './base-models.ts';

/**
 * Single files in the original naming: their networks' outputs, the converted weights beside the folders that they
 * were made from, and all tensors under their original names again.
 */
export async function* compareSingleFiles(base: BaseModels, device: Device): AsyncGenerator<ParityResult> {
  const folder = join(base.folder, 'ldm_single_file');
  for (const file of readdirSync(folder).sort()) {
    const [, suffix] = /^model(\w*)\.(?:ckpt|safetensors)$/.exec(file) ?? [];
    if (suffix !== undefined) yield* compareModel(join(folder, file), `ldm${suffix}`, base, device);
    if (file.startsWith('sd2_text_encoder')) yield* compareOpenClip(join(folder, file), base);
  }
}

async function* compareModel(
  path: string,
  name: string,
  base: BaseModels,
  device: Device,
): AsyncGenerator<ParityResult> {
  const opened = await openSingleFile(path, { configs: configsOf(base) });
  try {
    const strays = (['unet', 'vae', 'textEncoder'] as const).flatMap((network) => opened[network].surplus);
    yield compareNumbers(`${name}: tensors without a place`, [strays.length], [0], tolerances.exact);
    if (name === 'ldm') yield* compareWeights(opened, base);
    yield await compareRoundTrip(name, opened);
    yield* compareOutputs(name, opened, base, device);
  } finally {
    await opened.close();
  }
}

/** What each network of the file was made from, beside the folder. */
const origins = {
  unet: { kind: 'unet', folder: 'unet_sd1' },
  vae: { kind: 'vae', folder: 'vae' },
  textEncoder: { kind: 'clipText', folder: 'clip_text' },
} as const;

const configsOf = ({ folder }: BaseModels) => {
  const config = (name: string) =>
    readJson(join(dirname(folder), name), 'config.json') as Record<string, unknown>;
  return {
    unet: config(origins.unet.folder),
    vae: config(origins.vae.folder),
    textEncoder: config(origins.textEncoder.folder),
  };
};

async function* compareWeights(opened: SingleFile, { folder }: BaseModels): AsyncGenerator<ParityResult> {
  for (const network of ['unet', 'vae', 'textEncoder'] as const) {
    const origin = origins[network];
    const path = weightsPath(origin.kind, join(dirname(folder), origin.folder));
    const ours = await readTree(opened[network].parameters);
    yield compareTrees(`ldm: weights of ${network} that differ`, ours, readSafetensors(path));
  }
}

/** How many arrays are missing, surplus or not the same; whole numbers (`position_ids`) are no weights. */
function compareTrees(name: string, ours: Tree<NdArray>, theirs: Arrays): ParityResult {
  const expected = new Map([...theirs].filter(([, { dtype }]) => dtype === 'float32'));
  const found = new Map(flatten<NdArray>(ours));
  const names = new Set([...expected.keys(), ...found.keys()]);
  const differing = [...names].filter((each) => !sameArray(found.get(each), expected.get(each)));
  return compareNumbers(name, [differing.length], [0], tolerances.exact);
}

function sameArray(a: NdArray | undefined, b: NdArray | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const bytes = ({ data }: NdArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return a.dtype === b.dtype && a.shape.join() === b.shape.join() && bytes(a).equals(bytes(b));
}

async function compareRoundTrip(name: string, opened: SingleFile): Promise<ParityResult> {
  const again = new Map([...originalArrays(opened), ...opened.extras]);
  const file = await openArrays(opened.name);
  let differing = 0;
  for (const [path, array] of file.arrays) {
    const original = path.replace(/^state_dict\./, '');
    const written = again.get(original);
    if (written === undefined || !sameArray(await readArray(written), await array.read())) differing++;
  }
  differing += Math.max(0, again.size - file.arrays.size);
  await file.close();
  return compareNumbers(`${name}: tensors that differ under their original names`, [differing], [0], 0);
}

async function* compareOutputs(
  name: string,
  opened: SingleFile,
  base: BaseModels,
  device: Device,
): AsyncGenerator<ParityResult> {
  const { golden } = base;
  const output = await base.runUnet(await readTree(opened.unet.parameters));
  yield compareArrays(`${name}.unet_output`, output, read(golden, `${name}.unet_output`), tolerances.output);
  const text = await base.runText(
    await readTree(opened.textEncoder.parameters),
    read(golden, 'lora.text_input_ids'),
    opened.textEncoder.config,
  );
  const theirText = read(golden, `${name}.text_last_hidden_state`);
  yield compareArrays(`${name}.text_last_hidden_state`, text, theirText, tolerances.output);
  const picture = await runOn(
    device,
    await readTree(opened.vae.parameters),
    { latent: castArray(read(golden, 'ldm.latent'), 'float32') },
    (held, { latent }) => vaeDecode(held, opened.vae.config, latent!),
  );
  yield compareArrays(`${name}.vae_decode`, picture, read(golden, `${name}.vae_decode`), tolerances.output);
}

/** SD 2.x's text encoder alone, under OpenCLIP's names: its weights and its output are those of the folder. */
async function* compareOpenClip(path: string, base: BaseModels): AsyncGenerator<ParityResult> {
  const folder = join(dirname(base.folder), 'clip_text_gelu_sd2');
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  const file = await openArrays(path);
  const naming = textEncoderNaming.OpenCLIP(textEncoderLayers(file.arrays.keys()));
  const parameters = await readTree(fromOriginalNames(file.arrays, naming).arrays);
  await file.close();
  const theirs = readSafetensors(join(folder, 'model.safetensors'));
  yield compareTrees('sd2_text_encoder: weights that differ', parameters, theirs);
  const config = parseClipTextConfig(readJson(folder, 'config.json'));
  const output = await base.runText(parameters, read(golden, 'input_ids'), config);
  const expected = read(golden, 'last_hidden_state');
  yield compareArrays('sd2_text_encoder.last_hidden_state', output, expected, tolerances.output);
}
