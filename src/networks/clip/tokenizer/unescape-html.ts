import { decodeHTML, decodeHTMLStrict } from 'entities';

/**
 * Resolves the HTML entities that end in a semicolon, numbered and named (all of HTML 5), and names of them that
 * are written in capitals where that is no name of its own: `&EACUTE;` is É. A numbered semicolon stays as it is,
 * since ftfy cannot tell it from an entity that is resolved in part.
 */
export const unescapeHtml = (text: string): string =>
  text.replace(/&#?[0-9A-Za-z]{1,24};/g, (entity) => {
    const resolved = decodeHTMLStrict(entity);
    if (resolved === entity) return unescapeCapitals(entity);
    if (!entity.startsWith('&#')) return resolved;
    return resolved.includes(';') ? entity : charactersIn(resolved);
  });

function unescapeCapitals(entity: string): string {
  const small = entity.toLowerCase();
  if (entity !== entity.toUpperCase() || decodeHTML(entity) !== entity) return entity;
  const resolved = decodeHTMLStrict(small);
  return resolved === small ? entity : resolved.toUpperCase();
}

/** Entities without a semicolon too, as browsers and Python's `html.unescape` resolve them: `&ampnbsp` is `&nbsp`. */
export const unescapeLoosely = (text: string): string =>
  text.replace(/(&#(?:\d+|[xX][\da-fA-F]+);?)|&[^&]+/g, (entity, numbered: string | undefined) =>
    numbered === undefined ? decodeHTML(entity) : charactersIn(decodeHTML(entity)),
  );

/** Python drops numbers of control characters and of what is no character, which browsers keep. */
const charactersIn = (resolved: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  resolved.replace(/[\x01-\x08\x0b\x0e-\x1f\x7f]|\p{Noncharacter_Code_Point}/gu, '');
