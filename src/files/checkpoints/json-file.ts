import { openFileSource } from '../formats/byte-source.ts';
import { FormatError, locate } from '../formats/format-error.ts';
import { parseStrictJson } from '../formats/strict-json.ts';

export type JsonObject = { readonly [key: string]: unknown };

/** A vocabulary of 49,408 tokens has 1 MB, tokenizer.json 2 MB; a configuration has 2 kB. */
export const LARGEST_TEXT = 2 ** 25;

/** Configurations nest three deep, tokenizer.json five. */
const DEEPEST_JSON = 16;

/** The bytes of a small file. */
export async function readSmallFile(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path);
  try {
    if (source.size > LARGEST_TEXT) {
      throw new FormatError(
        `${path}: has ${source.size} bytes, a file of its kind at most ${LARGEST_TEXT}; it is something else`,
      );
    }
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

/** A JSON file whose top is an object. */
export const readJsonFile = async (path: string): Promise<JsonObject> => {
  const bytes = await readSmallFile(path);
  return locate(path, () => {
    const json = parseStrictJson(bytes, DEEPEST_JSON);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
    throw new FormatError('its JSON is not an object; fetch it again');
  });
};

/** As Python writes it into configuration files: two spaces, and a line feed at the end. */
export const jsonText = (json: JsonObject): string => `${JSON.stringify(json, undefined, 2)}\n`;
