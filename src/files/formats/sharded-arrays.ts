import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { ArrayFile, SafetensorsFile } from './array-file.ts';
import { openFileSource } from './byte-source.ts';
import { FormatError, locate, located, quote } from './format-error.ts';
import type { LazyArray } from './lazy-array.ts';
import { LARGEST_HEADER, openSafetensors } from './safetensors/open-safetensors.ts';
import { parseStrictJson } from './strict-json.ts';

/** Each shard is an open file, and systems allow a process about a thousand; the largest public model has 300. */
export const MOST_SHARDS = 500;

/** Levels of an index: the object, `weight_map` or `metadata`, and one to spare inside metadata. */
const DEEPEST_INDEX = 3;

export interface ShardedOptions {
  /**
   * Folder that no shard may lie outside of, by its name or through symbolic links. Default: the folder of the
   * index. The hub's cache links its files to a neighbouring folder: name the folder of both there.
   */
  readonly confinedTo?: string;
}

/** Opens a checkpoint in several files by its index (`model.safetensors.index.json`), reading headers only. */
export async function openShardedSafetensors(
  indexPath: string,
  options: ShardedOptions = {},
): Promise<SafetensorsFile> {
  const { arrays, shards, close } = await openShards(indexPath, openSafetensors, options);
  return { format: 'safetensors', name: indexPath, arrays, metadata: commonMetadata(shards), close };
}

/**
 * The same for shards of either format: `pytorch_model.bin.index.json` names files of torch.save.
 * @param openShard opens one file
 */
export async function openShardedArrays(
  indexPath: string,
  openShard: (path: string) => Promise<ArrayFile>,
  options: ShardedOptions = {},
): Promise<ArrayFile> {
  const { arrays, shards, close } = await openShards(indexPath, openShard, options);
  const metadata = commonMetadata(shards);
  const isTorch = [...shards.values()].some(({ format }) => format === 'torch');
  return isTorch
    ? { format: 'torch', name: indexPath, arrays, content: arrays, metadata, close }
    : { format: 'safetensors', name: indexPath, arrays, metadata, close };
}

async function openShards<File extends ArrayFile>(
  indexPath: string,
  openShard: (path: string) => Promise<File>,
  { confinedTo = dirname(indexPath) }: ShardedOptions,
) {
  const fileOfArray = await readWeightMap(indexPath);
  const shards = new Map<string, File>();
  const close = async () => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const file of new Set(fileOfArray.values())) {
      const path = await locate(indexPath, () => confine(file, dirname(indexPath), confinedTo));
      shards.set(file, await openShard(path));
    }
    const arrays = new Map<string, LazyArray>();
    for (const [name, file] of fileOfArray) arrays.set(name, arrayOf(name, shards.get(file)!, indexPath));
    return { arrays, shards, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readWeightMap(indexPath: string): Promise<ReadonlyMap<string, string>> {
  const source = await openFileSource(indexPath);
  try {
    if (source.size > LARGEST_HEADER) {
      throw new FormatError(
        `an index has at most ${LARGEST_HEADER} bytes, this file has ${source.size}; name the index file`,
      );
    }
    return parseWeightMap(parseStrictJson(await source.read(0, source.size), DEEPEST_INDEX));
  } catch (error) {
    throw located(indexPath, error);
  } finally {
    await source.close();
  }
}

function parseWeightMap(index: unknown): ReadonlyMap<string, string> {
  const map: unknown = (index as { weight_map?: unknown } | null)?.weight_map;
  const entries = typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.entries(map) : [];
  if (
    entries.length === 0 ||
    !entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
  ) {
    throw new FormatError(
      'is no index of shards: its weight_map is missing, or no object from tensor names to file names; name the weights, or fetch it again',
    );
  }
  const files = new Set(entries.map(([, file]) => file)).size;
  if (files > MOST_SHARDS) {
    throw new FormatError(`names ${files} files, at most ${MOST_SHARDS} are opened; merge some`);
  }
  return new Map(entries);
}

/** The real path of a shard, which must lie in the folder: first by its name, then with links resolved. */
async function confine(file: string, folder: string, confinedTo: string): Promise<string> {
  const steps = file.split(/[/\\]/);
  if (isAbsolute(file) || steps.some((step) => step === '..' || /[:\0]/.test(step))) {
    throw new FormatError(
      `names the shard ${quote(file)}, which is not a path inside its folder; do not trust this index`,
    );
  }
  const path = await realPathOf(join(folder, file));
  const inside = relative(await realPathOf(confinedTo), path);
  if (isAbsolute(inside) || inside.split(sep)[0] === '..') {
    throw new FormatError(
      `the shard ${quote(file)} is a link that leads out of the folder; put the file itself there`,
    );
  }
  return path;
}

const realPathOf = (path: string): Promise<string> =>
  realpath(path).catch((cause) => {
    throw new FormatError(`${quote(path)} is not there (${cause.code}); fetch the missing file`, { cause });
  });

function arrayOf(name: string, shard: ArrayFile, indexPath: string): LazyArray {
  const array = shard.arrays.get(name);
  if (array === undefined) {
    throw new FormatError(
      `${indexPath}: says that tensor ${quote(name)} is in ${shard.name}, which does not have it; fetch both again`,
    );
  }
  return array;
}

/** What the shards say of themselves; the first to say something is believed. */
function commonMetadata(shards: ReadonlyMap<string, ArrayFile>): ReadonlyMap<string, string> {
  const entries = [...shards.values()].flatMap(({ metadata }) => [...metadata]);
  return new Map(entries.reverse());
}
