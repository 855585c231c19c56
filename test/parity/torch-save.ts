import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { castArray, type NdArray } from '../../src/engine/index.ts';
import { openArrays } from '../../src/files/formats/index.ts';
import type { ParityResult } from './parity-result.ts';

/**
 * Compares the files that torch.save wrote with the same tensors in safetensors, bit for bit. `NAME.pt` and
 * `NAME_legacy_format.pt` hold a `state_dict` with the tensors of `NAME_values.safetensors`; `NAME_pytorch_model.bin` and
 * `NAME_legacy_format.bin` hold those of `NAME/model.safetensors` beside the folder; `must_be_refused*` is refused.
 */
export async function* compareTorchSave(folder: string): AsyncGenerator<ParityResult> {
  for (const file of readdirSync(folder)
    .filter((name) => /\.(pt|pth|bin)$/.test(name))
    .sort()) {
    const path = join(folder, file);
    if (file.startsWith('must_be_refused')) yield await refusal(file, path);
    else yield* compareFile(file, path, expectedOf(folder, file));
  }
}

interface Expected {
  readonly path: string;
  /** What stands before the names in the file of torch.save. */
  readonly prefix: string;
}

/** @throws if there is nothing to compare with, which would look like success */
function expectedOf(folder: string, file: string): Expected {
  const name = file.replace(/(_pytorch_model|_legacy_format)?\.\w+$/, '');
  const candidates: readonly Expected[] = [
    { path: join(folder, `${name}_values.safetensors`), prefix: 'state_dict.' },
    { path: join(dirname(folder), name, 'model.safetensors'), prefix: '' },
    { path: join(dirname(folder), name, 'diffusion_pytorch_model.safetensors'), prefix: '' },
  ];
  const found = candidates.find(({ path }) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `${file}: there are no values for it; looked for ${candidates.map(({ path }) => path).join(', ')}`,
  );
}

async function* compareFile(file: string, path: string, { path: values, prefix }: Expected) {
  const [ours, theirs] = [await openArrays(path), await openArrays(values)];
  try {
    for (const [name, array] of theirs.arrays) {
      const found = ours.arrays.get(`${prefix}${name}`);
      yield sameBits(`${file} ${name}`, await found?.read(), await array.read());
    }
  } finally {
    await ours.close();
    await theirs.close();
  }
}

/** bfloat16 has its values in float32, which holds them exactly. */
function sameBits(name: string, ours: NdArray | undefined, theirs: NdArray): ParityResult {
  if (ours === undefined) return result(name, false);
  const widened = ours.dtype === 'bfloat16' ? castArray(ours, theirs.dtype) : ours;
  const sameKind = widened.dtype === theirs.dtype && widened.shape.join() === theirs.shape.join();
  return result(name, sameKind && Buffer.compare(bytesOf(widened), bytesOf(theirs)) === 0);
}

const bytesOf = ({ data }: NdArray): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Bits that differ say nothing about how much. */
function result(name: string, pass: boolean): ParityResult {
  const error = pass ? 0 : Number.POSITIVE_INFINITY;
  return { name, largestAbsoluteError: error, largestRelativeError: error, tolerance: 0, pass };
}

/** For the reason that it would run something, not for any other. */
async function refusal(file: string, path: string): Promise<ParityResult> {
  const name = `${file} is refused`;
  try {
    await (await openArrays(path)).close();
    return result(name, false);
  } catch (error) {
    return result(name, /is not on the list/.test(String(error)));
  }
}
