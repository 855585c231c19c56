import { writeZip, type ZipContents } from '../../../src/files/formats/zip/write-zip.ts';
import { dict, int, list, long, type PickleItem, pickle, text } from './pickle-bytes.ts';

/** A zip of these files. */
export async function zipBytes(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const contents = Object.entries(files).map(
    ([name, bytes]): ZipContents => ({ name, read: async () => bytes }),
  );
  await writeZip(async (bytes) => void parts.push(Uint8Array.from(bytes)), contents);
  return Buffer.concat(parts);
}

/** A file of torch.save's zip format: this object, these storages. */
export const torchZip = (
  object: PickleItem,
  storages: Readonly<Record<string, Uint8Array>> = { 0: Buffer.alloc(16) },
): Promise<Buffer> =>
  zipBytes({
    'x/data.pkl': pickle(object),
    ...Object.fromEntries(Object.entries(storages).map(([key, bytes]) => [`x/data/${key}`, bytes])),
  });

export interface LegacyParts {
  readonly magic?: PickleItem;
  readonly version?: PickleItem;
  readonly system?: PickleItem;
  readonly keys?: readonly string[];
  readonly storages?: readonly { readonly count: number; readonly bytes: Uint8Array }[];
}

/** A file of torch.save's older format; by default one storage '0' of four float32 elements, 0 to 3. */
export function torchLegacy(object: PickleItem, parts: LegacyParts = {}): Buffer {
  const { keys = ['0'], storages = [{ count: 4, bytes: float32Bytes(0, 1, 2, 3) }] } = parts;
  return Buffer.concat([
    pickle(parts.magic ?? long(0x1950a86a20f9469cfc6cn, 10)),
    pickle(parts.version ?? int(1001)),
    pickle(parts.system ?? dict(text('little_endian'), 'NEWTRUE')),
    pickle(object),
    pickle(list(...keys.map(text))),
    ...storages.flatMap(({ count, bytes }) => {
      const countBytes = Buffer.alloc(8);
      countBytes.writeBigInt64LE(BigInt(count));
      return [countBytes, bytes];
    }),
  ]);
}

export const float32Bytes = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);
