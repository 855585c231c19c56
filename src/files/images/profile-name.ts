/**
 * What an ICC profile calls itself: its `desc` tag, as ASCII (version 2) or as the first of its translations
 * (version 4). ICC.1:2022, sections 7.2 and 9.2.41. "unnamed" where the profile says nothing readable.
 */
export function profileName(icc: Uint8Array): string {
  const description = findTag('desc', icc);
  const name = description === undefined ? '' : textOf(description);
  return (
    name
      .replace(/\p{Cc}/gu, '')
      .trim()
      .slice(0, LONGEST_NAME) || 'unnamed'
  );
}

/** The colours that a profile speaks of: "RGB", "CMYK", "GRAY" and others. */
export const profileColours = (icc: Uint8Array): string => ascii(icc.subarray(16, 20)).trim();

/** Names are shown to people. */
const LONGEST_NAME = 80;
const HEADER_BYTES = 128;
const TAG_BYTES = 12;
/** Real profiles have a dozen or two. */
const MOST_TAGS = 200;

function findTag(signature: string, icc: Uint8Array): Uint8Array | undefined {
  const count = Math.min(integerAt(HEADER_BYTES, icc), MOST_TAGS);
  for (let tag = 0; tag < count; tag++) {
    const entry = HEADER_BYTES + 4 + tag * TAG_BYTES;
    if (ascii(icc.subarray(entry, entry + 4)) === signature) {
      const start = integerAt(entry + 4, icc);
      return icc.subarray(start, start + integerAt(entry + 8, icc));
    }
  }
  return undefined;
}

function textOf(tag: Uint8Array): string {
  const type = ascii(tag.subarray(0, 4));
  if (type === 'desc') return ascii(tag.subarray(12, 12 + integerAt(8, tag)));
  if (type !== 'mluc') return '';
  const start = integerAt(24, tag);
  return utf16(tag.subarray(start, start + integerAt(20, tag)));
}

const ascii = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const utf16 = (bytes: Uint8Array): string =>
  new TextDecoder('utf-16be').decode(bytes.subarray(0, bytes.length - (bytes.length % 2)));

/** Zero beyond the end: a profile that lies about its places has no name. */
function integerAt(position: number, bytes: Uint8Array): number {
  if (position + 4 > bytes.length) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset + position, 4).getUint32(0);
}
