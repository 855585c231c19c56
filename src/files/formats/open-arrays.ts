import type { ArrayFile } from './array-file.ts';
import { type ByteSource, memorySource, openFileSource } from './byte-source.ts';
import { FormatError, locate, quote } from './format-error.ts';
import { LARGEST_HEADER, readSafetensors } from './safetensors/open-safetensors.ts';
import { openShardedArrays, type ShardedOptions } from './sharded-arrays.ts';
import { opcodes } from './torch-pickle/opcodes.ts';
import { openTorchLegacy } from './torch-pickle/open-torch-legacy.ts';
import { openTorchZip } from './torch-pickle/open-torch-zip.ts';

/**
 * Opens a file of named arrays, whatever it is called: what it is shows in its first bytes. `.bin` files hold
 * safetensors and `.safetensors` files pickles often enough.
 *
 * Reads safetensors, both formats of torch.save, and an index of shards of either. Elements are read on request; close
 * the file when done.
 * @throws FormatError, one sentence, for anything that is not wholly as it should be.
 */
export async function openArrays(path: string, options: ShardedOptions = {}): Promise<ArrayFile> {
  const file = await openUnlessIndex(path);
  return file ?? openShardedArrays(path, openShard, options);
}

/** Undefined for an index of shards. */
async function openUnlessIndex(path: string): Promise<ArrayFile | undefined> {
  const source = await openFileSource(path);
  try {
    const format = await locate(path, () => detectFormat(source));
    if (format !== 'index of shards') return await readers[format](source);
  } catch (error) {
    await source.close();
    throw error;
  }
  await source.close();
  return undefined;
}

async function openShard(path: string): Promise<ArrayFile> {
  const file = await openUnlessIndex(path);
  if (file !== undefined) return file;
  throw new FormatError(
    `${path}: is an index of shards itself, a shard holds tensors; fetch the files again`,
  );
}

/** The same from bytes in memory; `name` stands for the path in messages. An index of shards needs a path. */
export async function parseArrays(bytes: Uint8Array, name: string): Promise<ArrayFile> {
  const source = memorySource(bytes, name);
  const format = await locate(name, () => detectFormat(source));
  if (format === 'index of shards') {
    throw new FormatError(`${name}: is an index of other files; open it by its path`);
  }
  return readers[format](source);
}

type Format = 'safetensors' | 'torch zip' | 'torch legacy' | 'index of shards';

const readers: {
  readonly [F in Exclude<Format, 'index of shards'>]: (source: ByteSource) => Promise<ArrayFile>;
} = { safetensors: readSafetensors, 'torch zip': openTorchZip, 'torch legacy': openTorchLegacy };

const LONGEST_BEGINNING = 64;

async function detectFormat(source: ByteSource): Promise<Format> {
  const bytes = await source.read(0, Math.min(source.size, LONGEST_BEGINNING));
  const beginning = Buffer.from(bytes).toString('latin1');
  // First, because the length that safetensors begin with may look like anything; pickles and zips make it huge.
  if (beginning[8] === '{' && new DataView(bytes.buffer).getBigUint64(0, true) <= LARGEST_HEADER) {
    return 'safetensors';
  }
  if (beginning.startsWith('PK\x03\x04')) return 'torch zip';
  if (bytes[0] === opcodes.PROTO && bytes[1]! >= 2 && bytes[1]! <= 5) return 'torch legacy';
  if (beginning.startsWith('{')) return 'index of shards';
  if (beginning[8] === '{') return 'safetensors'; // with too large a header, which its reader refuses
  throw new FormatError(describeUnknown(beginning, source.size));
}

const pictureBeginnings: readonly (readonly [format: string, begins: RegExp])[] = [
  ['PNG', /^\x89PNG/],
  ['JPEG', /^\xff\xd8\xff/],
  ['WebP', /^RIFF[\s\S]{4}WEBP/],
];

function describeUnknown(beginning: string, size: number): string {
  if (size === 0) return 'is empty; fetch it again';
  if (beginning.startsWith('version https://git-lfs')) {
    return 'is a pointer of Git LFS and not the file itself; fetch it with "git lfs pull"';
  }
  if (/^\s*<(!doctype|html)/i.test(beginning)) return 'is a web page and not the file itself; fetch it again';
  const picture = pictureBeginnings.find(([, begins]) => begins.test(beginning))?.[0];
  if (picture !== undefined) return `is a ${picture} picture, and weights are needed here; name their file`;
  return `is neither safetensors nor a file of torch.save, it begins with ${quote(beginning.slice(0, 16))}; name a file of weights, or convert it to safetensors`;
}
