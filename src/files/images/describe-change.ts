import type { PictureChange } from './picture.ts';

/** What reading changed, for people: "turned upright (EXIF orientation 6)". */
export function describeChange(change: PictureChange): string {
  const describe = descriptions[change.kind] as (change: PictureChange) => string;
  return describe(change);
}

const descriptions: {
  readonly [K in PictureChange['kind']]: (change: Extract<PictureChange, { kind: K }>) => string;
} = {
  oriented: ({ orientation }) => `turned upright (EXIF orientation ${orientation})`,
  'profile-converted': ({ profile }) =>
    `converted from the colour profile ${JSON.stringify(profile)} to sRGB`,
  'colours-converted': ({ from }) =>
    from === 'other' ? 'converted to sRGB' : `converted from ${from} to sRGB`,
  'depth-reduced': ({ from }) => `reduced from ${from} to 8 bits a channel`,
  'first-frame': ({ frames }) => `first of ${frames} frames`,
  'alpha-composited': ({ onto }) => `transparency composited on the colour [${onto.join(', ')}]`,
};
