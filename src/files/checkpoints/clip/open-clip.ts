import type { Tree } from '../../../engine/arrays/index.ts';
import {
  type ClipImageProcessorConfig,
  type ClipTextConfig,
  type ClipVisionConfig,
  clipTextParameterSpecs,
  clipVisionParameterSpecs,
  parseClipImageProcessorConfig,
  parseClipTextConfig,
  parseClipVisionConfig,
  type Tokenizer,
} from '../../../networks/clip/index.ts';
import type { ParameterSpec } from '../../../networks/nn/index.ts';
import { locate } from '../../formats/format-error.ts';
import { type ArrayFile, FormatError, openArrays } from '../../formats/index.ts';
import { checkParameters, requireParameters } from '../check-parameters.ts';
import { type ConfinedFolder, confinedFolder, findInside, requireInside } from '../confined-folder.ts';
import { readTokenizer } from '../diffusers-folder/read-tokenizer.ts';
import { readTokenizerFiles } from '../diffusers-folder/tokenizer-files.ts';
import { readJsonFile } from '../json-file.ts';
import type { LazyArrays } from '../named-arrays.ts';

/** A CLIP model for comparing pictures and texts, opened: parameters are checked and still on disk. */
export interface ClipModel {
  readonly name: string;
  readonly vision: { readonly config: ClipVisionConfig; readonly parameters: LazyArrays };
  readonly processor: ClipImageProcessorConfig;
  /** Absent where the folder has no text tower with projection: pictures can be compared all the same. */
  readonly text?: {
    readonly config: ClipTextConfig;
    readonly parameters: LazyArrays;
    readonly tokenizer: Tokenizer;
  };
  /** Releases the files; parameters cannot be read after that. */
  close(): Promise<void>;
}

/** Where a folder keeps what; `.` is the folder itself. */
interface Layout {
  readonly vision: string;
  readonly text: string;
  readonly tokenizer: '.' | 'tokenizer';
  readonly processor: string;
}

/** transformers' CLIPModel has all in one folder; a pipeline of diffusers has a folder a part. */
const layouts: readonly Layout[] = [
  { vision: '.', text: '.', tokenizer: '.', processor: '.' },
  { vision: 'image_encoder', text: 'text_encoder', tokenizer: 'tokenizer', processor: 'feature_extractor' },
];

/**
 * Opens a CLIP model: the folder of a CLIPModel (`openai/clip-vit-base-patch32`), or a diffusers folder with an
 * image_encoder (CLIPVisionModelWithProjection), such as the pocket model's, whose text_encoder has the other tower.
 * The text tower needs its projection, `text_projection.weight`, which pipelines usually leave out.
 * @throws {FormatError} that names the file and what is wrong with it
 */
export async function openClip(path: string): Promise<ClipModel> {
  const folder = await confinedFolder(path);
  const layout = await layoutOf(folder);
  const files = new Map<string, Promise<ArrayFile>>();
  const open = (part: string): Promise<ArrayFile> => {
    const file = files.get(part) ?? openWeights(folder, part);
    files.set(part, file);
    return file;
  };
  const close = async () => {
    for (const file of await Promise.allSettled(files.values())) {
      if (file.status === 'fulfilled') await file.value.close();
    }
  };
  try {
    const processor = await requireInside(folder, inside(layout.processor, 'preprocessor_config.json'));
    const text = await openText(folder, layout, open);
    return {
      name: path,
      vision: await openVision(folder, layout, open),
      processor: parsed(processor, parseClipImageProcessorConfig, await readJsonFile(processor)),
      ...(text && { text }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type OpenPart = (part: string) => Promise<ArrayFile>;

async function layoutOf(folder: ConfinedFolder): Promise<Layout> {
  for (const layout of layouts) {
    if ((await findInside(folder, inside(layout.vision, 'config.json'))) !== undefined) return layout;
  }
  throw new FormatError(
    `${folder.path}: has neither the config.json of a CLIPModel nor an image_encoder; give the folder of a CLIP model`,
  );
}

async function openVision(
  folder: ConfinedFolder,
  { vision }: Layout,
  open: OpenPart,
): Promise<ClipModel['vision']> {
  const config = await readConfig(folder, vision, parseClipVisionConfig);
  return { config, parameters: await parametersOf(await open(vision), clipVisionParameterSpecs(config)) };
}

async function openText(
  folder: ConfinedFolder,
  { text, tokenizer }: Layout,
  open: OpenPart,
): Promise<ClipModel['text']> {
  if ((await findInside(folder, inside(text, 'config.json'))) === undefined) return undefined;
  const file = await open(text);
  if (!file.arrays.has('text_projection.weight')) return undefined;
  const config = await readConfig(folder, text, parseClipTextConfig);
  const specs = clipTextParameterSpecs(config, 'projection');
  return {
    config,
    parameters: await parametersOf(file, specs),
    tokenizer: await readTokenizer(folder.path, await readTokenizerFiles(folder, tokenizer)),
  };
}

async function readConfig<Config>(
  folder: ConfinedFolder,
  part: string,
  parse: (json: unknown) => Config,
): Promise<Config> {
  const path = await requireInside(folder, inside(part, 'config.json'));
  return parsed(path, parse, await readJsonFile(path));
}

const parametersOf = (file: ArrayFile, specs: Tree<ParameterSpec>): Promise<LazyArrays> =>
  locate(file.name, () => requireParameters('CLIP', checkParameters(specs, file.arrays)));

/** Safetensors before pickles. */
const weightNames = ['model.safetensors', 'model.fp16.safetensors', 'pytorch_model.bin'];

async function openWeights(folder: ConfinedFolder, part: string): Promise<ArrayFile> {
  for (const name of weightNames) {
    const path = await findInside(folder, inside(part, name));
    if (path !== undefined) return openArrays(path, { confinedTo: folder.confinedTo });
  }
  const where = part === '.' ? folder.path : `${folder.path}: ${part}`;
  throw new FormatError(
    `${where}: has no weights; looked for ${weightNames.join(', ')}; fetch the missing file`,
  );
}

function parsed<Config>(path: string, parse: (json: unknown) => Config, json: unknown): Config {
  try {
    return parse(json);
  } catch (cause) {
    throw new FormatError(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

const inside = (part: string, name: string): string => (part === '.' ? name : `${part}/${name}`);
