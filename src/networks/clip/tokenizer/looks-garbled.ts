/**
 * Whether a text has neighbours that nobody writes and that UTF-8 read as another encoding is full of: a small
 * accented letter before a capital one, currency after a letter, a lone diaeresis. These are the improbable neighbours
 * of ftfy 6.3.1 (ftfy.badness, Speer 2019, zenodo 2591652).
 */
export const looksGarbled = (text: string): boolean => improbable.test(text);

/** Contents of character classes, by what such characters are for. */
const common = '\\xa0\\xad´·–-―’…';
const controls = '\\x80-\\x9f';
const bad = '¤¦¨ª¬¯¸ºƒˆˇ˘˛˜†‡‰⌐◊\\ufffd'; // hardly ever meant
const law = '§¶';
const currency = '¢£¥₧€';
const opening = '¡©«¿΄΅‘‚“„•‹\\uf8ff'; // the last is the Macintosh' apple
const closing = '®»˝”›™';
const numeric = '±-³µ¹¼-¾×÷⁄№∂∆∏∑√∞∩∫≈≠≡≤≥';
const faces = '°Ò-ÖÙ-Üò-öø-üŌŐŪŲ'; // in emoticons they stand beside anything, so they are not in the next two
const upper = 'À-ÑØÜÝĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶĹĻĽŁŃŅŇŒŘŚŞŠŢŤŮŰŸŹŻŽҐ';
const lower = 'ß-ñüāăąćčďđēėęěğģīįķĺļľłœŕśşšťźżžґﬁﬂ';
const commonUpper = 'ÞΆΈ-ΊΌΎΏΑ-ΫЁ-Я';
const commonLower = 'ά-ωа-џ';
const box = '│┌┐┘├┤┬┼═-╬▀▄█▌▐-▓';
const any = lower + upper + box + opening + closing + currency + numeric + law;

/** What Python's `\s` is; of JavaScript's it lacks the byte order mark. */
const space = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

const improbable = new RegExp(
  [
    `[${controls}]`,
    `[${bad}${any}][${bad}]`,
    `[${bad}][${any}]`,
    `[a-zA-Z][${commonLower}${commonUpper}][${bad}]`,
    `[${lower}${commonLower}${box}${closing}${currency}${numeric}][${upper}]`,
    `[${box}${closing}${currency}${numeric}][${lower}]`,
    `[${lower}${box}${closing}][${currency}]`,
    `${space}[${upper}][${currency}]`,
    `[${upper}${box}][${numeric}${law}]`,
    `[${upper}]°`,
    `[${lower}${upper}${box}${currency}${closing}][${opening}][${numeric}]`,
    `[${lower}${upper}${currency}${numeric}${box}${law}][${closing}][${opening}]`,
    `[${currency}${numeric}${box}][${opening}]`,
    `[a-z][${upper}][${opening}${currency}]`,
    `[${box}][${faces}${closing}]`,
    `[${lower}${upper}${currency}${numeric}${opening}${closing}${law}][${box}]`,
    `[${lower}${upper}][${opening}${closing}][\\p{L}\\p{N}_]`,
    '[Œœ][^A-Za-z]',
    '×[²³]',
    // Windows-1252: the commonest first bytes, of Latin letters, of Greek and Cyrillic ones
    `[ÂÃÎÐ][€œŠš¢£Ÿž\\xa0\\xad®©°·»${opening}${closing}–—´]`,
    // Two Arabic letters, since punctuation may follow one Ø
    `([ØÙ][${common}${currency}${bad}${numeric}${opening}ŸŠ®°µ»]){2}`,
    // Scripts of South Asia
    'à[²µ¹¼½¾]',
    // à and á; and where a no-break space became a plain one
    `Ã[\\xa0¡]|[a-z]${space}?[ÃÂ] |^[ÃÂ] `,
    `[a-z.,?!${closing}]Â[ ${opening}${closing}]`,
    // Macintosh
    '√[±∂†≠®™´≤≥¥µø]|≈[°¢]|‚Ä[ìîïòôúùû†°¢π]|‚[âó][àä°ê]',
    // Windows-1251: U+20xx, Latin-1 and Cyrillic letters, Windows-1252 garbled twice
    `вЂ|[ВГРС][${controls}${bad}${opening}${closing}${currency}°µ][ВГРС]|ГўВЂВ[^\\n][A-Za-z ]`,
    // Windows-1253: U+20xx, Latin-1 and Greek letters
    `β€[™\\xa0Ά\\xad®°]|[ΒΓΞΟ][${controls}${bad}${opening}${closing}${currency}°][ΒΓΞΟ]`,
    // Windows-1257: U+20xx
    'ā€',
  ].join('|'),
  'u',
);
