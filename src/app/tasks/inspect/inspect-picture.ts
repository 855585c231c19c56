import {
  describeChange,
  type PictureFormat,
  readPicture,
  readPictureRecord,
} from '../../../files/images/index.ts';
import type { Inspection } from './inspection.ts';

/** Size, profile and, of a PNG, how it was made. */
export async function inspectPicture(path: string, format: PictureFormat): Promise<Inspection> {
  const picture = await readPicture(path);
  const { settings, recipe } = format === 'PNG' ? await readPictureRecord(path) : {};
  return {
    path,
    kind: 'picture',
    format,
    width: picture.width,
    height: picture.height,
    transparency: picture.alpha === undefined ? 'none' : 'alpha channel',
    profile: picture.profile?.name,
    changes: picture.changes.map(describeChange),
    settings: settings && { ...settings, settings: Object.fromEntries(settings.settings) },
    recipe,
  };
}
