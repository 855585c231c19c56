import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { type ConfinedFolder, confinedFolder, requireInside } from '../confined-folder.ts';
import { type JsonObject, readJsonFile, readSmallFile } from '../json-file.ts';
import type { NetworkName } from '../known-names.ts';
import { type Prediction, withPrediction } from '../prediction.ts';
import { familyOf, networkPart, type StableDiffusion } from '../stable-diffusion.ts';
import { componentFolders, openWeights, type VariantOptions } from './component-files.ts';
import { readTokenizerFiles } from './tokenizer-files.ts';

export interface FolderOptions extends VariantOptions {
  /** What links may lead to at most. Default: the folder, or the folder of the model in the hub's cache. */
  readonly confinedTo?: string;
  /** What the UNet predicts. Default: as the configuration of the scheduler says. */
  readonly prediction?: Prediction;
}

/**
 * Opens a folder in diffusers' layout: model_index.json, and a folder for each part. Configurations and headers are
 * read; weights stay on disk.
 * @throws FormatError, one sentence that names the file and what is wrong with it
 */
export async function openDiffusersFolder(
  path: string,
  options: FolderOptions = {},
): Promise<StableDiffusion> {
  const folder = await confinedFolder(path, options.confinedTo);
  checkIndex(path, await readJsonFile(await requireInside(folder, 'model_index.json')));
  const schedulerConfig = await readText(folder, 'scheduler/scheduler_config.json');
  const tokenizerFiles = await readTokenizerFiles(folder, 'tokenizer');
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(closers.map((closeFile) => closeFile()));
  };
  const openPart = async <N extends NetworkName>(network: N) => {
    const { folder: name } = componentFolders[network];
    const config = await readJsonFile(await requireInside(folder, `${name}/config.json`));
    const file = await openWeights(folder, network, options);
    closers.push(() => file.close());
    return locate(file.name, () => networkPart(network, config, file.arrays));
  };
  try {
    const unet = await openPart('unet');
    const vae = await openPart('vae');
    const textEncoder = await openPart('textEncoder');
    return {
      kind: 'diffusers folder',
      name: path,
      family: familyOf(unet.config),
      unet,
      vae,
      textEncoder,
      schedulerConfig:
        options.prediction === undefined
          ? schedulerConfig
          : withPrediction(schedulerConfig, options.prediction),
      tokenizerFiles,
      assumptions: [],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The class of each part that is read; what belongs to other families is refused by name. */
const classes: Readonly<Record<string, readonly string[]>> = {
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL'],
  text_encoder: ['CLIPTextModel', 'CLIPTextModelWithProjection'],
  tokenizer: ['CLIPTokenizer', 'CLIPTokenizerFast'],
};

/** Parts that Stable Diffusion 1.x and 2.x do not have. */
const otherFamilies = ['text_encoder_2', 'transformer', 'prior', 'movq', 'image_noising_scheduler'];

function checkIndex(path: string, index: JsonObject): void {
  const where = `${path}: model_index.json`;
  const isGiven = (part: string) => Array.isArray(index[part]) && index[part][1] !== null;
  const foreign = otherFamilies.find(isGiven);
  if (foreign !== undefined) {
    throw new FormatError(
      `${where} describes a ${quote(String(index._class_name))} with a part ${quote(foreign)}; Stable Diffusion 1.x and 2.x are read`,
    );
  }
  for (const [part, expected] of Object.entries(classes)) {
    const name = isGiven(part) ? String((index[part] as readonly unknown[])[1]) : undefined;
    if (name !== undefined && expected.includes(name)) continue;
    throw new FormatError(
      `${where} says that ${part} is ${name === undefined ? 'absent' : `a ${quote(name)}`}, expected a ${expected[0]}; give a folder of Stable Diffusion 1.x or 2.x`,
    );
  }
}

const readText = async (folder: ConfinedFolder, name: string): Promise<string> =>
  Buffer.from(await readSmallFile(await requireInside(folder, name))).toString('utf8');
