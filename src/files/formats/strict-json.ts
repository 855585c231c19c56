import { FormatError, quote } from './format-error.ts';

/**
 * JSON out of a file that may be hostile: UTF-8 without mistakes, no key twice in an object (JSON.parse would
 * silently take the last, another reader the first), nothing nested deeper than `deepest`.
 */
export function parseStrictJson(bytes: Uint8Array, deepest: number): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    checkStructure(text, deepest);
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`its JSON cannot be read (${quote(reason)}); correct it, or fetch it again`, {
      cause,
    });
  }
}

/** One pass over the text before it is parsed, so that depth costs nothing; syntax is left to JSON.parse. */
function checkStructure(text: string, deepest: number): void {
  const open: (Set<string> | 'list')[] = [];
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : 'list');
      if (open.length > deepest) {
        throw new FormatError(
          `its JSON nests deeper than ${deepest} levels; it is something else than was looked for, name another file`,
        );
      }
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, position);
      const keys = open.at(-1);
      if (keys instanceof Set && isFollowedByColon(text, end)) {
        recordKey(JSON.parse(text.slice(position, end)), keys);
      }
      position = end - 1;
    }
  }
}

/** The position after the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let position = start + 1; position < text.length; position++) {
    if (text[position] === '\\') position++;
    else if (text[position] === '"') return position + 1;
  }
  return text.length;
}

function isFollowedByColon(text: string, position: number): boolean {
  while (position < text.length && ' \t\r\n'.includes(text[position]!)) position++;
  return text[position] === ':';
}

function recordKey(key: string, keys: Set<string>): void {
  if (keys.has(key)) {
    throw new FormatError(
      `its JSON has the key ${quote(key)} twice in one object; leave one of them out, or fetch it again`,
    );
  }
  keys.add(key);
}
