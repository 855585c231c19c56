import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FormatError } from '../../formats/format-error.ts';
import { replaceFile } from '../../formats/replace-file.ts';
import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import { type JsonObject, jsonText } from '../json-file.ts';
import type { NetworkName } from '../known-names.ts';
import { type ArraySources, type StoredFloats, stored } from '../named-arrays.ts';
import type { WritableModel, WritablePart } from '../stable-diffusion.ts';
import { componentFolders } from './component-files.ts';
import { replaceFolder, type WhereFolderExists } from './replace-folder.ts';

export interface WriteFolderOptions {
  /** Default `as they are`. */
  readonly floats?: StoredFloats;
  /** Default `refuse`. */
  readonly existing?: WhereFolderExists;
  readonly beside?: BesideModel;
}

/** What lies in a folder beside the parts that every model has: an image encoder, a model card. */
export interface BesideModel {
  /** Entries of model_index.json: `{ image_encoder: ['transformers', 'CLIPVisionModelWithProjection'] }`. */
  readonly index?: JsonObject;
  /** Small files by their paths in the folder. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Tensors by the paths of the safetensors files that hold them. */
  readonly weights?: ReadonlyMap<string, ArraySources>;
}

/**
 * Writes a folder that `StableDiffusionPipeline.from_pretrained` loads. It is written under a temporary name and
 * then renamed: there is no half a model under its name.
 */
export async function writeDiffusersFolder(
  path: string,
  model: WritableModel,
  { floats = 'as they are', existing = 'refuse', beside = {} }: WriteFolderOptions = {},
): Promise<void> {
  if (model.tokenizerFiles.size === 0) {
    throw new FormatError(
      `${path}: a folder needs tokenizer files, and the model has none; add those of its family`,
    );
  }
  await replaceFolder(path, existing, async (folder) => {
    const index = { ...modelIndex(model), ...beside.index };
    await writeText(join(folder, 'model_index.json'), jsonText(index));
    await writeFiles(join(folder, 'tokenizer'), model.tokenizerFiles);
    await writeFiles(
      join(folder, 'scheduler'),
      new Map([['scheduler_config.json', Buffer.from(model.schedulerConfig)]]),
    );
    for (const network of Object.keys(componentFolders) as NetworkName[]) {
      await writePart(folder, network, model[network], floats);
    }
    await writeBeside(folder, beside, floats);
  });
}

/** The layout is that of 0.21; later versions read it. */
const modelIndex = ({ schedulerConfig, tokenizerFiles }: WritableModel): JsonObject => ({
  _class_name: 'StableDiffusionPipeline',
  _diffusers_version: '0.21.4',
  feature_extractor: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', /"_class_name"\s*:\s*"(\w+)"/.exec(schedulerConfig)?.[1] ?? 'PNDMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', tokenizerFiles.has('vocab.json') ? 'CLIPTokenizer' : 'CLIPTokenizerFast'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
});

async function writePart(
  folder: string,
  network: NetworkName,
  { configJson, parameters }: WritablePart,
  floats: StoredFloats,
): Promise<void> {
  const { folder: name, weights } = componentFolders[network];
  await mkdir(join(folder, name));
  await writeText(join(folder, name, 'config.json'), jsonText(configJson));
  await writeWeights(join(folder, name, `${weights[0]}.safetensors`), parameters, floats);
}

async function writeBeside(folder: string, { files, weights }: BesideModel, floats: StoredFloats) {
  for (const [path, bytes] of files ?? []) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await replaceFile(join(folder, path), (write) => write(bytes));
  }
  for (const [path, arrays] of weights ?? []) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeWeights(join(folder, path), arrays, floats);
  }
}

const writeWeights = (path: string, arrays: ArraySources, floats: StoredFloats): Promise<void> =>
  writeSafetensors(
    path,
    [...arrays].map(([name, array]) => [name, stored(array, floats)] as const),
    {
      metadata: new Map([['format', 'pt']]),
    },
  );

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(folder);
  for (const [name, bytes] of files) await replaceFile(join(folder, name), (write) => write(bytes));
}

const writeText = (path: string, text: string): Promise<void> =>
  replaceFile(path, (write) => write(Buffer.from(text)));
