import { FormatError } from '../formats/format-error.ts';

/** What can be read. SVG is not among them: it has no pixels of its own, and its renderer is no place for strangers' files. */
export type PictureFormat = 'PNG' | 'JPEG' | 'WebP' | 'TIFF' | 'GIF' | 'AVIF';

/** Decides by content, never by name, before any decoder sees a byte. */
export function detectPictureFormat(bytes: Uint8Array): PictureFormat {
  const start = Buffer.from(bytes.subarray(0, BYTES_LOOKED_AT)).toString('latin1');
  for (const [format, isSigned] of Object.entries(signatures)) {
    if (isSigned(start)) return format as PictureFormat;
  }
  throw new FormatError(`is not a picture that can be read: ${describeStranger(start)}`);
}

const BYTES_LOOKED_AT = 64;

const signatures: { readonly [F in PictureFormat]: (start: string) => boolean } = {
  PNG: (start) => start.startsWith('\x89PNG\r\n\x1a\n'),
  JPEG: (start) => start.startsWith('\xff\xd8\xff'),
  WebP: (start) => start.startsWith('RIFF') && start.startsWith('WEBP', 8),
  // 42 in two bytes of either order; 43 is BigTIFF.
  TIFF: (start) => ['II*\0', 'II+\0', 'MM\0*', 'MM\0+'].some((signature) => start.startsWith(signature)),
  GIF: (start) => start.startsWith('GIF87a') || start.startsWith('GIF89a'),
  AVIF: (start) => start.startsWith('ftyp', 4) && brandsOf(start).some((brand) => /^avi[fs]$/.test(brand)),
};

/** The brands of an ISO media file's first box: the major one, a version, the compatible ones. */
const brandsOf = (start: string): string[] => start.slice(8, start.charCodeAt(3)).match(/.{4}/gs) ?? [];

/** The strangers that people do bring get an advice of their own. */
const strangers: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/^$/, 'it is empty'],
  [
    /^.{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)/s,
    'HEIC needs a licensed decoder; export it as JPEG, PNG or WebP',
  ],
  [/^\s*<(\?xml|svg|!DOCTYPE svg)/i, 'SVG is a drawing without pixels; render it to PNG'],
  [/^\s*</, 'it is a web page, not a picture; download the picture itself'],
  [/^%PDF/, 'it is a PDF; export the page as PNG'],
  [/^8BPS/, 'it is a Photoshop file; export it as PNG'],
  [/^(\xff\n|.{4}JXL )/s, 'JPEG XL is not supported; export it as PNG or WebP'],
  [/^BM/, 'BMP is not supported; export it as PNG'],
  [/^version https:\/\/git-lfs/, 'it is a Git LFS pointer; run git lfs pull'],
];

function describeStranger(start: string): string {
  const known = strangers.find(([pattern]) => pattern.test(start));
  if (known !== undefined) return known[1];
  const first = [...start.slice(0, 4)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
  return `it begins with the bytes ${first.join(' ')}; give a PNG, JPEG, WebP, TIFF, GIF or AVIF file`;
}
