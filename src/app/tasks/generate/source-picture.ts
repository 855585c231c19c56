import {
  arrayFromPictures,
  coverPicture,
  describeChange,
  type Picture,
  readPicture,
} from '../../../files/images/index.ts';
import { encodeImage, type HeldModel, type Latents } from '../../../methods/diffusion/index.ts';
import { lastPart } from '../../models/open-model.ts';
import { ParameterError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import type { GenerateParameters } from './parameters.ts';

/** The picture that is started from, if one is named; transparency is composited on white. */
export async function* readSource({
  image,
  strength,
}: GenerateParameters): AsyncGenerator<TaskEvent, Picture | undefined> {
  if (image === undefined) {
    if (strength === undefined) return undefined;
    throw new ParameterError(
      'strength',
      `says how far a picture is changed, got ${strength} and no picture; name one (--image) or leave it out`,
    );
  }
  const picture = await readPicture(image, { onto: [255, 255, 255] });
  const changes = picture.changes.map((change) => `, ${describeChange(change)}`).join('');
  const size = `${picture.width} x ${picture.height}`;
  yield { kind: 'note', message: `${lastPart(image)}: starting from this picture of ${size}${changes}` };
  return picture;
}

/** Sides of pictures are multiples of this. */
const STEP = 8;

/**
 * The picture's shape at what is asked for: with one side the other follows, with none it has about as many pixels as
 * the model's own pictures, of `own` by `own`.
 */
export function sizeLike(
  picture: Pick<Picture, 'height' | 'width'>,
  asked: Pick<GenerateParameters, 'height' | 'width'>,
  own: number,
): { readonly height: number; readonly width: number } {
  const aspect = picture.width / picture.height;
  const whole = (side: number) => Math.max(STEP, STEP * Math.round(side / STEP));
  const width =
    asked.width ?? whole(asked.height === undefined ? own * Math.sqrt(aspect) : asked.height * aspect);
  const height =
    asked.height ?? whole(asked.width === undefined ? own / Math.sqrt(aspect) : asked.width / aspect);
  return { height, width };
}

/** Its latents, [1, 4, height / 8, width / 8]; where it has another shape its edges are cut off. */
export async function encodeSource(
  model: HeldModel,
  picture: Picture,
  { height, width }: { readonly height: number; readonly width: number },
  signal?: AbortSignal,
): Promise<Latents> {
  return encodeImage(model, arrayFromPictures([await coverPicture(picture, height, width)]), signal);
}
