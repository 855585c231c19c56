export { createFile, type ExistingFile } from './create-file.ts';
export { describeChange } from './describe-change.ts';
export { encodeLikeOriginal, type LikeOriginalOptions } from './encode-like-original.ts';
export { arrayFromPictures, picturesFromArray } from './model-array.ts';
export {
  type ColourProfile,
  compositeOnto,
  makePicture,
  type Picture,
  type PictureChange,
  type Rgb,
} from './picture.ts';
export { detectPictureFormat, type PictureFormat } from './picture-format.ts';
export {
  type PictureRecord,
  type RecipeValue,
  readPictureRecord,
  recordOfTexts,
  textsOfRecord,
} from './picture-record.ts';
export { type PngText, parsePngText, readPngText, withPngText } from './png-text.ts';
export { MOST_PIXELS, parsePicture, type ReadPictureOptions, readPicture } from './read-picture.ts';
export {
  coverPicture,
  resizePicture,
  type SquareCrop,
  type SquareOptions,
  squarePicture,
} from './resize-picture.ts';
export { formatSettingsText, parseSettingsText, type SettingsText } from './settings-text.ts';
export {
  type EncodePictureOptions,
  encodePicture,
  type WritableFormat,
  type WritePictureOptions,
  writePicture,
} from './write-picture.ts';
