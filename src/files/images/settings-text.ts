import { FormatError, quote } from '../formats/format-error.ts';

/**
 * What AUTOMATIC1111's web UI writes into a picture and reads back: prompts and a line of named settings, in the
 * order in which they are written. Names it knows: Steps, Sampler, CFG scale, Seed, Size (512x512), Model, Model hash.
 */
export interface SettingsText {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly settings: ReadonlyMap<string, string>;
}

/** The PNG text that holds it. */
export const SETTINGS_KEYWORD = 'parameters';

/** Prompts as long as a chapter exist; as long as a book they do not. */
export const LONGEST_SETTINGS_TEXT = 2 ** 18;

/** With fewer, the web UI takes the last line for a part of the prompt. */
export const FEWEST_SETTINGS = 3;

const NEGATIVE = 'Negative prompt:';

/**
 * The text, as `create_infotext` of the web UI's modules/processing.py makes it. What it cannot carry is not kept:
 * blanks around lines, and the difference between a line of the prompt that begins with "Negative prompt:" and the
 * negative prompt. The recipe does.
 * @throws {FormatError} for fewer than three settings, or a name that would not be found again
 */
export function formatSettingsText({ prompt, negativePrompt, settings }: SettingsText): string {
  if (settings.size < FEWEST_SETTINGS) {
    throw new FormatError(
      `settings: the web UI recognises ${FEWEST_SETTINGS} or more, got ${settings.size}; add Steps, Seed and Size`,
    );
  }
  const entries = [...settings].map(([name, value]) => `${checkedName(name)}: ${quoteValue(value)}`);
  const negative = negativePrompt.trim() === '' ? '' : `\n${NEGATIVE} ${negativePrompt}`;
  return `${prompt}${negative}\n${entries.join(', ')}`.trim();
}

/**
 * Reads such a text, as `parse_generation_parameters` of the web UI's modules/infotext_utils.py does; any text at
 * all is read as something. A setting that stands twice has its last value.
 * @throws {FormatError} only if the text is too long
 */
export function parseSettingsText(text: string): SettingsText {
  if (text.length > LONGEST_SETTINGS_TEXT) {
    throw new FormatError(
      `settings: ${text.length} characters are more than the ${LONGEST_SETTINGS_TEXT} that are read`,
    );
  }
  const lines = text.trim().split('\n');
  let settings = scanSettings(lines.at(-1)!);
  if (settings.length < FEWEST_SETTINGS) settings = [];
  else lines.pop();
  return { ...splitPrompts(lines), settings: new Map(settings) };
}

function splitPrompts(lines: readonly string[]): { prompt: string; negativePrompt: string } {
  const prompts = { prompt: [] as string[], negativePrompt: [] as string[] };
  let part: keyof typeof prompts = 'prompt';
  for (const untrimmed of lines) {
    let line = untrimmed.trim();
    if (line.startsWith(NEGATIVE)) {
      part = 'negativePrompt';
      line = line.slice(NEGATIVE.length).trim();
    }
    if (line !== '' || prompts[part].length > 0) prompts[part].push(line); // empty lines at the start go
  }
  return { prompt: prompts.prompt.join('\n'), negativePrompt: prompts.negativePrompt.join('\n') };
}

/**
 * The matches of `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`, found in one pass: on a hostile line the
 * expression itself takes quadratic time.
 */
function scanSettings(line: string): [name: string, value: string][] {
  const found: [string, string][] = [];
  let position = 0;
  for (let colon = line.indexOf(':'); colon !== -1; colon = line.indexOf(':', position)) {
    const name = nameBefore(colon, position, line);
    if (name === undefined) {
      position = colon + 1;
    } else {
      const { value, end } = valueAt(colon + 1, line);
      found.push([name, unquoteValue(value)]);
      position = end + 1;
    }
  }
  return found;
}

const nameCharacter = /[\p{L}\p{N}_ \-/]/u;
const nameStart = /[\p{L}\p{N}_]/u;

/** The longest name that ends at the colon and does not reach back beyond `earliest`. */
function nameBefore(colon: number, earliest: number, line: string): string | undefined {
  let start = colon;
  while (start > earliest && nameCharacter.test(line[start - 1]!)) start--;
  while (start < colon && !nameStart.test(line[start]!)) start++;
  return colon - start >= 2 ? line.slice(start, colon) : undefined;
}

function valueAt(start: number, line: string): { value: string; end: number } {
  while (start < line.length && /\s/.test(line[start]!)) start++;
  const quoted = line[start] === '"' ? endOfQuoted(start, line) : undefined;
  if (quoted !== undefined && (quoted === line.length || line[quoted] === ',')) {
    return { value: line.slice(start, quoted), end: quoted };
  }
  const comma = line.indexOf(',', start);
  const end = comma === -1 ? line.length : comma;
  return { value: line.slice(start, end), end };
}

/** After the closing quote of a string that has at least one character. */
function endOfQuoted(start: number, line: string): number | undefined {
  for (let position = start + 1; position < line.length; position++) {
    if (line[position] === '\\') position++;
    else if (line[position] === '"') return position > start + 1 ? position + 1 : undefined;
  }
  return undefined;
}

function checkedName(name: string): string {
  if (name.length < 2 || nameBefore(name.length, 0, name) !== name) {
    throw new FormatError(
      `settings: a name is two or more letters, digits, blanks, "-" or "/", got ${quote(name)}; rename it`,
    );
  }
  return name;
}

/** The web UI quotes what has a comma, a colon or a line break; the rest here would not come back either. */
const quoteValue = (value: string): string =>
  /[,:]|\p{Cc}|^"|^\s|\s$|^$/u.test(value) ? JSON.stringify(value) : value;

function unquoteValue(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"') || value.length < 2) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : value;
  } catch {
    return value; // as the web UI does
  }
}
