import { fold, integers, type RandomKey, uniform } from '../../../engine/index.ts';
import { makePicture, type Picture, resizePicture } from '../../../files/images/index.ts';

/**
 * What is done with reference pictures: nothing; each also mirrored; or mirrored or not and shown smaller or larger,
 * as Custom Diffusion does it (Kumari et al. 2022, section 3.2, training details).
 */
export type Augmentation = 'none' | 'flip' | 'flip and rescale';

/** A picture as it is shown. */
export interface View {
  readonly picture: Picture;
  /** Where it shows something, in pixels. */
  readonly valid: Frame;
  /** Put behind the prompt, of those that fit; none for the plain picture. */
  readonly wordings: readonly string[];
}

export interface Frame {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** How many random views of a picture there are: they are encoded once, and each step takes one. */
const rescaledViews = 12;

/** The views of a square picture. The same key gives the same ones. */
export const viewsOf: {
  readonly [A in Augmentation]: (picture: Picture, key: RandomKey) => Promise<readonly View[]>;
} = {
  none: async (picture) => [plain(picture)],
  flip: async (picture) => [plain(picture), plain(mirrored(picture))],
  'flip and rescale': async (picture, key) => {
    const views: View[] = [];
    for (let index = 0; index < rescaledViews; index++) views.push(await rescaled(picture, fold(key, index)));
    return views;
  },
};

const plain = (picture: Picture): View => ({
  picture,
  valid: { top: 0, left: 0, bottom: picture.height, right: picture.width },
  wordings: [],
});

function mirrored({ height, width, pixels }: Picture): Picture {
  const turned = new Uint8Array(pixels.length);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const other = pixel - (pixel % width) + (width - 1 - (pixel % width));
    for (let channel = 0; channel < 3; channel++) turned[3 * pixel + channel] = pixels[3 * other + channel]!;
  }
  return makePicture(height, width, turned);
}

/** Two times in three a third to all of its size somewhere on grey, else 1.2 to 1.4 times and cropped. */
async function rescaled(picture: Picture, key: RandomKey): Promise<View> {
  const size = picture.width;
  const [flip, smaller, share] = uniform(fold(key, 'scale'), [3]).data as unknown as [number, number, number];
  const scale = smaller < 2 / 3 ? 1 / 3 + (2 / 3) * share : 1.2 + 0.2 * share;
  const side = Math.max(1, Math.round(scale * size));
  const turned = flip < 0.5 ? mirrored(picture) : picture;
  const scaled = await resizePicture(turned, side, side);
  const room = Math.abs(size - side);
  const [top, left] = integers(fold(key, 'place'), [2], 0, room + 1).data as unknown as [number, number];
  if (side > size) {
    return {
      ...plain(copied(scaled, { top: -top, left: -left }, size)),
      wordings: ['zoomed in', 'close up'],
    };
  }
  return {
    picture: copied(scaled, { top, left }, size),
    valid: { top, left, bottom: top + side, right: left + side },
    wordings: scale < 0.6 ? ['far away', 'very small'] : [],
  };
}

/** The part of a picture that falls on a grey square when it is put there. */
function copied(source: Picture, { top, left }: Pick<Frame, 'top' | 'left'>, size: number): Picture {
  const pixels = new Uint8Array(size * size * 3).fill(128);
  for (let row = Math.max(0, top); row < Math.min(size, top + source.height); row++) {
    const from = Math.max(0, left);
    const to = Math.min(size, left + source.width);
    const start = 3 * ((row - top) * source.width + (from - left));
    pixels.set(source.pixels.subarray(start, start + 3 * (to - from)), 3 * (row * size + from));
  }
  return makePicture(size, size, pixels);
}

/**
 * Cells of the latents that lie inside a frame, 1 or 0: float32 [size / cell, size / cell]. Where the frame ends
 * inside the picture a further cell is left out, which the encoder mixes with the grey, unless none would stay.
 */
export function validCells({ top, left, bottom, right }: Frame, size: number, cell: number): Float32Array {
  const cells = size / cell;
  const span = (low: number, high: number): readonly [number, number] => {
    const first = low === 0 ? 0 : Math.ceil(low / cell) + 1;
    const end = high === size ? cells : Math.floor(high / cell) - 1;
    const middle = Math.min(cells - 1, Math.floor((low + high) / 2 / cell));
    return first < end ? [first, end] : [middle, middle + 1];
  };
  const [firstRow, endRow] = span(top, bottom);
  const [firstColumn, endColumn] = span(left, right);
  const valid = new Float32Array(cells * cells);
  for (let row = firstRow; row < endRow; row++) {
    valid.fill(1, row * cells + firstColumn, row * cells + endColumn);
  }
  return valid;
}
