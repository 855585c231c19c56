import { decodeHTML, decodeHTMLStrict } from 'entities';

/**
 * Resolves the HTML entities that end in a semicolon, numbered and named (all of HTML 5), and names of them that
 * are written in capitals where that is no name of its own: `&EACUTE;` is É.
 */
export const unescapeHtml = (text: string): string =>
  text.replace(/&#?[0-9A-Za-z]{1,24};/g, (entity) => {
    const resolved = decodeHTMLStrict(entity);
    return resolved === entity ? unescapeCapitals(entity) : resolved;
  });

function unescapeCapitals(entity: string): string {
  const small = entity.toLowerCase();
  if (entity !== entity.toUpperCase() || decodeHTML(entity) !== entity) return entity;
  const resolved = decodeHTMLStrict(small);
  return resolved === small ? entity : resolved.toUpperCase();
}

/** Entities without a semicolon too, as browsers and Python's `html.unescape` resolve them: `&ampnbsp` is `&nbsp`. */
export const unescapeLoosely = (text: string): string => decodeHTML(text);
