import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { isLazyArray } from '../../formats/lazy-array.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import type { JsonObject } from '../json-file.ts';
import type { NetworkName } from '../known-names.ts';
import type { LazyArrays } from '../named-arrays.ts';
import type { Prediction } from '../prediction.ts';
import { type Family, networkPart, type StableDiffusion } from '../stable-diffusion.ts';
import { type Converted, fromOriginalNames } from './convert-names.ts';
import { inferNativeSize, inferTextEncoderConfig, inferUnetConfig, inferVaeConfig } from './infer-configs.ts';
import { inferPrediction } from './infer-prediction.ts';
import { stableDiffusionScheduler } from './stable-diffusion-scheduler.ts';
import {
  originalTextEncoder,
  type TextEncoderNames,
  textEncoderLayers,
  textEncoderNaming,
} from './text-encoder-naming.ts';
import { originalUnet, planOfOriginal, unetNaming } from './unet-naming.ts';
import { originalVae, vaeNaming, vaePlanOf } from './vae-naming.ts';

export interface SingleFileOptions {
  /** config.json of networks that do not have their family's usual heads, groups or activations. */
  readonly configs?: { readonly [N in NetworkName]?: JsonObject };
  /** The UNet as it was trained, or its exponential moving average where the file has it. Default `trained`. */
  readonly weights?: 'trained' | 'averaged';
  /** What the UNet predicts. Default: as the file tells; said in `assumptions` where that is not certain. */
  readonly prediction?: Prediction;
}

/** A single file, opened; it has no tokenizer. */
export interface SingleFile extends StableDiffusion {
  readonly kind: 'single file';
  /** Everything that belongs to no network (schedules, averages, OpenCLIP's last layer), by its original name. */
  readonly extras: LazyArrays;
}

/**
 * Opens a checkpoint in the original naming, .ckpt or .safetensors, whose headers it reads.
 * @throws FormatError if a network is not in it, or not whole
 */
export async function openSingleFile(path: string, options: SingleFileOptions = {}): Promise<SingleFile> {
  const file = await openArrays(path);
  try {
    return await singleFile(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The same of a file that is open; on an error the caller closes it. */
export const singleFile = (file: ArrayFile, options: SingleFileOptions = {}): Promise<SingleFile> =>
  locate(file.name, async () => {
    const split = splitNetworks(stateDict(file));
    const family: Family = split.textEncoderNames === 'OpenCLIP' ? 'SD 2.x' : 'SD 1.x';
    const original = options.weights === 'averaged' ? averaged(split) : split.unet;
    const unet = fromOriginalNames(original, unetNaming(planOfOriginal(split.unet.keys())));
    const vae = fromOriginalNames(split.vae, vaeNaming(vaePlanOf(split.vae.keys())));
    const textEncoder = convertTextEncoder(split.textEncoder, split.textEncoderNames);
    const configs = options.configs ?? {};
    const globalStep =
      file.format === 'torch' && file.content instanceof Map ? file.content.get('global_step') : undefined;
    const { metadata } = file;
    const { prediction, assumptions } =
      options.prediction === undefined
        ? await inferPrediction({ family, unet: unet.arrays, metadata, globalStep })
        : { prediction: options.prediction, assumptions: [] };
    const size = inferNativeSize(vae.arrays, family, prediction, metadata);
    const part = <N extends NetworkName>(
      network: N,
      config: JsonObject,
      { arrays, unknown }: Converted,
      isHarmless: (name: string) => boolean,
    ) => {
      const opened = networkPart(network, configs[network] ?? config, arrays);
      const [leftAside, surplus] = partition([...unknown.keys()], isHarmless);
      return {
        ...opened,
        surplus: [...opened.surplus, ...surplus],
        leftAside: [...opened.leftAside, ...leftAside],
      };
    };
    return {
      kind: 'single file',
      name: file.name,
      family,
      unet: part('unet', inferUnetConfig(unet.arrays, family, size), unet, nothing),
      vae: part('vae', inferVaeConfig(vae.arrays, size), vae, nothing),
      textEncoder: part(
        'textEncoder',
        inferTextEncoderConfig(textEncoder.arrays, family),
        textEncoder,
        isUnusedText,
      ),
      schedulerConfig: stableDiffusionScheduler(prediction),
      tokenizerFiles: new Map(),
      assumptions,
      extras: new Map([...split.extras, ...unet.unknown, ...vae.unknown, ...textEncoder.unknown]),
      close: file.close,
    };
  });

const nothing = () => false;

/** What Stable Diffusion does not use of a text encoder: positions 0, 1, 2, …, OpenCLIP's last layer and its head. */
const isUnusedText = (name: string): boolean =>
  /(position_ids|attn_mask|text_projection(\.weight)?|logit_scale)$|\.resblocks\.23\./.test(name);

const partition = <T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] => [
  items.filter(test),
  items.filter((item) => !test(item)),
];

/** The names of a single file begin with the names of its parts. */
export const isSingleFile = (names: Iterable<string>): boolean =>
  [...names].some((name) => name.replace(/^state_dict\./, '').startsWith(`${originalUnet}.`));

/** torch.save'd checkpoints have their tensors under `state_dict`, beside what training kept. */
export function stateDict(file: ArrayFile): LazyArrays {
  if (file.format === 'safetensors' || !(file.content instanceof Map)) return file.arrays;
  const inner = file.content.get('state_dict');
  if (!(inner instanceof Map)) return file.arrays;
  const entries = [...inner].flatMap(([name, value]) =>
    isLazyArray(value) ? [[String(name), value] as const] : [],
  );
  return new Map(entries);
}

interface Split {
  readonly unet: LazyArrays;
  readonly vae: LazyArrays;
  readonly textEncoder: LazyArrays;
  readonly textEncoderNames: TextEncoderNames;
  readonly extras: LazyArrays;
}

function splitNetworks(arrays: LazyArrays): Split {
  const names = [...arrays.keys()];
  const has = (prefix: string) => names.some((name) => name.startsWith(`${prefix}.`));
  const textEncoderNames = has(`${originalTextEncoder.OpenCLIP}.transformer.resblocks`)
    ? 'OpenCLIP'
    : 'transformers';
  refuseOtherFamilies(has);
  const prefixes = [originalUnet, originalVae, originalTextEncoder[textEncoderNames]];
  const missing = prefixes.filter((prefix) => !has(prefix));
  if (missing.length > 0) {
    throw new FormatError(
      `has no tensors below ${missing.map(quote).join(' and ')}, a whole model has; there is ${names.slice(0, 3).map(quote).join(', ')}; give a checkpoint with UNet, autoencoder and text encoder`,
    );
  }
  const below = (prefix: string) => new Map([...arrays].filter(([name]) => name.startsWith(`${prefix}.`)));
  return {
    unet: below(originalUnet),
    vae: below(originalVae),
    textEncoder: below(originalTextEncoder[textEncoderNames]),
    textEncoderNames,
    extras: new Map(
      [...arrays].filter(([name]) => !prefixes.some((prefix) => name.startsWith(`${prefix}.`))),
    ),
  };
}

/** The averages are kept under the trained weights' names without their dots. */
const averageName = (name: string): string => `model_ema.${name.replace(/^model\./, '').replaceAll('.', '')}`;

/** @throws FormatError for the first weight that has no average */
const averaged = ({ unet, extras }: Split): LazyArrays =>
  new Map(
    Array.from(unet.keys(), (name) => {
      const average = extras.get(averageName(name));
      if (average !== undefined) return [name, average] as const;
      throw new FormatError(`has no average of ${quote(name)}; take the trained weights`);
    }),
  );

function refuseOtherFamilies(has: (prefix: string) => boolean): void {
  if (has('conditioner.embedders')) {
    throw new FormatError('is a Stable Diffusion XL checkpoint; 1.x and 2.x are read, give one of those');
  }
}

/** The text encoder's tensors; what belongs to no layer goes back into the file as it was. */
function convertTextEncoder(arrays: LazyArrays, names: TextEncoderNames): Converted {
  const naming = textEncoderNaming[names](textEncoderLayers(arrays.keys()));
  const isExtra = (name: string) => name.endsWith('position_ids');
  const { arrays: converted, unknown } = fromOriginalNames(
    new Map([...arrays].filter(([name]) => !isExtra(name))),
    naming,
  );
  return {
    arrays: new Map([...converted].map(([name, array]) => [withTower(name), array])),
    unknown: new Map([...unknown, ...[...arrays].filter(([name]) => isExtra(name))]),
  };
}

/** Files of merging tools leave the tower's name out. */
const withTower = (name: string): string => (name.startsWith('text_model.') ? name : `text_model.${name}`);
