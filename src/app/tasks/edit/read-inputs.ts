import { readdir } from 'node:fs/promises';
import { type Picture, readPicture } from '../../../files/images/index.ts';
import type { MaskOptions } from '../../../methods/editing/index.ts';
import { type Mask, maskFromBytes } from '../../../methods/evaluation/index.ts';
import { fileHash } from '../../runs/content-hash.ts';
import { readPhoto } from '../../runs/read-photo.ts';
import { ParameterError, TaskError } from '../task.ts';
import type { EditParameters } from './parameters.ts';

/** What an edit is made from, read and checked before any model is opened. */
export interface EditInputs {
  readonly picture: Picture;
  readonly mask: MaskOptions;
  /** SHA-256 of the files. */
  readonly hashes: { readonly picture: string; readonly mask: string | undefined };
}

/** @throws a sentence about what cannot be edited */
export async function readInputs(parameters: EditParameters): Promise<EditInputs> {
  const { mask } = parameters;
  await checkOutput(parameters);
  const picture = await readPhoto(parameters.picture);
  const isFile = mask !== undefined && mask !== 'none';
  return {
    picture,
    mask: await maskOptions(parameters, picture),
    hashes: {
      picture: await fileHash(parameters.picture),
      mask: isFile ? await fileHash(mask) : undefined,
    },
  };
}

/** An output folder may be there if nothing is in it. */
async function checkOutput({ output, force }: EditParameters): Promise<void> {
  const names = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code !== 'ENOTDIR') throw error;
    throw new ParameterError('output', `${output} is a file, not a folder; choose another name`);
  });
  if (names.length === 0 || force) return;
  throw new ParameterError(
    'output',
    `${output} is there already and not empty; choose another folder, or allow to overwrite files in it (--force)`,
  );
}

async function maskOptions(
  { mask, subject, grow, feather }: EditParameters,
  picture: Picture,
): Promise<MaskOptions> {
  const edge = { ...(grow !== undefined && { grow }), ...(feather !== undefined && { feather }) };
  if (mask === undefined) return { kind: 'automatic', ...(subject !== undefined && { subject }), ...edge };
  if (mask === 'none') return { kind: 'none' };
  return { kind: 'given', mask: await readMask(mask, picture), ...edge };
}

async function readMask(path: string, { width, height }: Picture): Promise<Mask> {
  const mask = await readMaskPicture(path);
  const [rows, columns] = mask.shape as [number, number];
  if (columns !== width || rows !== height) {
    throw new TaskError(
      `${path}: the mask is as large as the picture, ${width} x ${height}, got ${columns} x ${rows}; save it in the picture's size`,
    );
  }
  if (mask.data.some((share) => share > 0)) return mask;
  throw new TaskError(
    `${path}: the mask is black everywhere, so nothing would change; paint the subject white`,
  );
}

/** A mask from a picture: white where it may be changed; transparency is black. */
export async function readMaskPicture(path: string): Promise<Mask> {
  const { width, height, pixels } = await readPicture(path, { onto: [0, 0, 0] });
  const red = Uint8Array.from({ length: width * height }, (_, pixel) => pixels[3 * pixel]!);
  return maskFromBytes(height, width, red);
}
