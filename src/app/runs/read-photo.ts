import { type Picture, type ReadPictureOptions, readPicture } from '../../files/images/index.ts';
import { TaskError } from '../tasks/task.ts';

/** Smaller pictures show nothing that a model could look at. */
export const LEAST_SIDE = 8;

/** Reads a picture to be looked at by a model. @throws a sentence that begins with the path */
export async function readPhoto(path: string, options: ReadPictureOptions = {}): Promise<Picture> {
  const picture = await readPicture(path, options);
  const { width, height } = picture;
  if (Math.min(width, height) >= LEAST_SIDE) return picture;
  throw new TaskError(
    `${path}: is ${width} x ${height}, too small to show anything; give a picture of at least ${LEAST_SIDE} x ${LEAST_SIDE}`,
  );
}
