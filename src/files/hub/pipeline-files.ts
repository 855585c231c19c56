import { HubError } from './hub-error.ts';

/** 'fp16': the half-size files that some repositories have beside the full ones. */
export type WeightsVariant = 'full' | 'fp16';

/** Names what a pipeline is made of; every diffusers repository has one. */
export const MODEL_INDEX = 'model_index.json';

/**
 * The files of a Stable Diffusion pipeline among those that a repository has: configurations, the tokenizer and one
 * set of weights for each part. Of several sets, safetensors come before pickles. Safety checker, single-file copies,
 * ONNX and Flax weights are left where they are.
 * @throws {HubError} without the repository's name, if a part or a file is missing
 */
export function selectPipelineFiles(
  modelIndex: unknown,
  paths: ReadonlySet<string>,
  variant: WeightsVariant,
): string[] {
  checkPipelineClass(modelIndex);
  return [
    MODEL_INDEX,
    ...Object.entries(parts).flatMap(([part, filesOf]) => {
      const entry = modelIndex[part];
      if (!Array.isArray(entry) || entry.includes(null)) {
        throw new HubError(
          `its ${MODEL_INDEX} names no ${part}; it is not a whole Stable Diffusion pipeline`,
        );
      }
      return filesOf(part, { paths, variant });
    }),
  ];
}

interface Choice {
  readonly paths: ReadonlySet<string>;
  readonly variant: WeightsVariant;
}

const parts: Readonly<Record<string, (part: string, choice: Choice) => string[]>> = {
  unet: (part, choice) => [
    required(`${part}/config.json`, choice),
    ...weights(part, { safetensors: 'diffusion_pytorch_model', pickle: 'diffusion_pytorch_model' }, choice),
  ],
  vae: (part, choice) => [
    required(`${part}/config.json`, choice),
    ...weights(part, { safetensors: 'diffusion_pytorch_model', pickle: 'diffusion_pytorch_model' }, choice),
  ],
  text_encoder: (part, choice) => [
    required(`${part}/config.json`, choice),
    ...weights(part, { safetensors: 'model', pickle: 'pytorch_model' }, choice),
  ],
  tokenizer: (part, choice) => tokenizerFiles(part, choice),
  scheduler: (part, choice) => [required(`${part}/scheduler_config.json`, choice)],
};

function checkPipelineClass(modelIndex: unknown): asserts modelIndex is Readonly<Record<string, unknown>> {
  if (typeof modelIndex !== 'object' || modelIndex === null || Array.isArray(modelIndex)) {
    throw new HubError(`its ${MODEL_INDEX} is no JSON object; it is not a diffusers pipeline`);
  }
  const name: unknown = Reflect.get(modelIndex, '_class_name');
  if (typeof name !== 'string' || !/^StableDiffusion(?!XL|3)/.test(name)) {
    throw new HubError(
      `its pipeline is ${JSON.stringify(name)}, not a StableDiffusionPipeline of version 1 or 2; choose another model`,
    );
  }
}

function required(path: string, { paths }: Choice): string {
  if (!paths.has(path)) throw new HubError(`has no ${path}; it is not a whole Stable Diffusion pipeline`);
  return path;
}

/** A slow tokenizer is two files and a fast one is one; the others hold special tokens and settings, if there. */
function tokenizerFiles(part: string, { paths }: Choice): string[] {
  const has = (name: string) => paths.has(`${part}/${name}`);
  if (!has('tokenizer.json') && !(has('vocab.json') && has('merges.txt'))) {
    throw new HubError(`has neither ${part}/vocab.json with ${part}/merges.txt nor ${part}/tokenizer.json`);
  }
  return tokenizerNames.filter(has).map((name) => `${part}/${name}`);
}

const tokenizerNames: readonly string[] = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

interface WeightNames {
  readonly safetensors: string;
  readonly pickle: string;
}

function weights(part: string, { safetensors, pickle }: WeightNames, choice: Choice): string[] {
  const { paths, variant } = choice;
  const suffix = variant === 'full' ? '' : `.${variant}`;
  const single = `${part}/${safetensors}${suffix}.safetensors`;
  if (paths.has(single)) return [single];
  const index = `${part}/${safetensors}.safetensors.index${suffix}.json`;
  if (paths.has(index)) return [index, ...shards(part, safetensors, 'safetensors', choice)];
  const bin = `${part}/${pickle}${suffix}.bin`;
  if (paths.has(bin)) return [bin];
  const binIndex = `${part}/${pickle}.bin.index${suffix}.json`;
  if (paths.has(binIndex)) return [binIndex, ...shards(part, pickle, 'bin', choice)];
  throw new HubError(
    variant === 'full'
      ? `has no ${single}, sharded or as ${pickle}.bin; ${otherVariant(part, paths)}`
      : `has no ${variant} weights of ${part} (${single}); ask for the full ones`,
  );
}

/** `name-00001-of-00002.safetensors`, with the variant before or after the number, as versions of diffusers differ. */
function shards(
  part: string,
  name: string,
  ending: 'safetensors' | 'bin',
  { paths, variant }: Choice,
): string[] {
  const between = variant === 'full' ? '' : `\\.${variant}`;
  const pattern = new RegExp(
    `^${part}/${name}(?:${between}-(\\d{5})-of-(\\d{5})|-(\\d{5})-of-(\\d{5})${between})\\.${ending}$`,
  );
  const found = [...paths].flatMap((path) => {
    const match = pattern.exec(path);
    return match === null ? [] : [{ path, total: Number(match[2] ?? match[4]) }];
  });
  const total = found[0]?.total;
  if (total === undefined || found.length !== total || found.some((shard) => shard.total !== total)) {
    throw new HubError(
      `has ${found.length} of the ${total ?? 'unknown number of'} shards of ${part}/${name}`,
    );
  }
  return found.map(({ path }) => path).sort();
}

const otherVariant = (part: string, paths: ReadonlySet<string>): string =>
  [...paths].some((path) => path.startsWith(`${part}/`) && path.includes('.fp16.'))
    ? 'it has fp16 weights: ask for those'
    : 'choose another model';
