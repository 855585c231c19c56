import type { Tree } from '../../engine/arrays/index.ts';
import {
  type ClipTextConfig,
  clipTextParameterSpecs,
  parseClipTextConfig,
} from '../../networks/clip/index.ts';
import type { ParameterSpec } from '../../networks/nn/index.ts';
import { parseUnetConfig, type UnetConfig, unetParameterSpecs } from '../../networks/unet/index.ts';
import { parseVaeConfig, type VaeConfig, vaeParameterSpecs } from '../../networks/vae/index.ts';
import { FormatError } from '../formats/format-error.ts';
import { checkParameters, requireParameters } from './check-parameters.ts';
import type { JsonObject } from './json-file.ts';
import { type NetworkName, underKnownNames } from './known-names.ts';
import type { ArraySources, LazyArrays } from './named-arrays.ts';

/** SD 1.x conditions on CLIP's ViT-L, 2.x on OpenCLIP's ViT-H; small models of the same make are told by it too. */
export type Family = 'SD 1.x' | 'SD 2.x';

/** A whole model, opened: configurations are parsed, every parameter is there with its right shape, on disk. */
export interface StableDiffusion {
  readonly kind: 'diffusers folder' | 'single file';
  readonly name: string;
  readonly family: Family;
  readonly unet: NetworkPart<UnetConfig>;
  readonly vae: NetworkPart<VaeConfig>;
  readonly textEncoder: NetworkPart<ClipTextConfig>;
  /** The text of scheduler_config.json; Python writes numbers into it that JSON does not know. */
  readonly schedulerConfig: string;
  /** vocab.json and so on by their names; a single file has none. */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
  /** What could not be known from the files and was assumed, a sentence each. */
  readonly assumptions: readonly string[];
  /** Releases the files; parameters cannot be read after that. */
  close(): Promise<void>;
}

export interface NetworkPart<Config> {
  readonly config: Config;
  /** config.json as it is, or as it was made from the tensors. */
  readonly configJson: JsonObject;
  /** By their paths in the network's parameter tree. */
  readonly parameters: LazyArrays;
  /** Tensors that the network has no place for. */
  readonly surplus: readonly string[];
  /** Tensors that are known to change nothing: position ids, counters of averages. */
  readonly leftAside: readonly string[];
}

/** What can be written as a model: an opened one, or trained parameters with the rest of the model they began as. */
export interface WritableModel {
  readonly family: Family;
  readonly unet: WritablePart;
  readonly vae: WritablePart;
  readonly textEncoder: WritablePart;
  readonly schedulerConfig: string;
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
}

export interface WritablePart {
  readonly configJson: JsonObject;
  readonly parameters: ArraySources;
}

interface ConfigOf {
  unet: UnetConfig;
  vae: VaeConfig;
  textEncoder: ClipTextConfig;
}

/** How a network's config.json is read, and what parameters follow from it. */
const networks: {
  readonly [N in NetworkName]: {
    readonly title: string;
    readonly parse: (json: unknown) => ConfigOf[N];
    readonly specs: (config: ConfigOf[N]) => Tree<ParameterSpec>;
  };
} = {
  unet: { title: 'UNet', parse: parseUnetConfig, specs: unetParameterSpecs },
  vae: { title: 'autoencoder', parse: parseVaeConfig, specs: vaeParameterSpecs },
  textEncoder: {
    title: 'text encoder',
    parse: parseClipTextConfig,
    specs: (config) => clipTextParameterSpecs(config),
  },
};

/**
 * A network from its configuration and its tensors.
 * @throws FormatError if the configuration is not supported, or a parameter missing or misshapen
 */
export function networkPart<N extends NetworkName>(
  network: N,
  configJson: JsonObject,
  arrays: LazyArrays,
): NetworkPart<ConfigOf[N]> {
  const { title, parse, specs } = networks[network];
  const config = parsed(() => parse(configJson));
  const known = underKnownNames(network, arrays);
  const check = checkParameters(specs(config), known.arrays);
  return {
    config,
    configJson,
    parameters: requireParameters(title, check),
    surplus: check.surplus,
    leftAside: known.leftAside,
  };
}

/** SD 2.x turns pixels into tokens by linear layers, 1.x by convolutions. */
export function familyOf({ downBlocks, midBlock }: UnetConfig): Family {
  const transformer = midBlock?.transformer ?? downBlocks.find((block) => block.transformer)?.transformer;
  return transformer?.projection === 'linear' ? 'SD 2.x' : 'SD 1.x';
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new FormatError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
