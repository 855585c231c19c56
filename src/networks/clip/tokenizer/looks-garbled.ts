/**
 * Whether a text has neighbours that nobody writes and that UTF-8 read as Windows-1252 is full of: a small accented
 * letter before a capital one, currency after a letter, a lone diaeresis. These are the improbable neighbours of ftfy 6
 * (ftfy.badness, Speer 2019, zenodo 2591652) as far as Windows-1252 has their characters.
 */
export const looksGarbled = (text: string): boolean => improbable.test(text);

/** Contents of character classes, by what such characters are for. */
const common = '\\xa0\\xad·´–—…’';
const bad = '¦¤¨¬¯¸ƒˆ˜†‡‰\\ufffdªº'; // hardly ever meant
const law = '¶§';
const currency = '¢£¥€';
const opening = '¡«¿©‘‚“„•‹';
const closing = '®»”›™';
const numeric = '²³¹±¼½¾×µ÷';
const upper = 'À-ÑØÜÝŒŠŸŽ'; // Ò, Ö, Ù make faces, as ò and ø do below
const lower = 'ßà-ñüœšž';
const any = lower + upper + opening + closing + currency + numeric + law;

const improbable = new RegExp(
  [
    '[\\x80-\\x9f]',
    `[${bad}${any}][${bad}]`,
    `[${bad}][${any}]`,
    `[a-zA-Z]Þ[${bad}]`,
    `[${lower}${closing}${currency}${numeric}][${upper}]`,
    `[${closing}${currency}${numeric}][${lower}]`,
    `[${lower}${closing}][${currency}]`,
    `\\s[${upper}][${currency}]`,
    `[${upper}][${numeric}${law}°]`,
    `[${lower}${upper}${currency}${closing}][${opening}][${numeric}]`,
    `[${lower}${upper}${currency}${numeric}${law}][${closing}][${opening}]`,
    `[${currency}${numeric}][${opening}]`,
    `[a-z][${upper}][${opening}${currency}]`,
    `[${lower}${upper}][${opening}${closing}][\\p{L}\\p{N}_]`,
    '[Œœ][^A-Za-z]',
    '×[²³]',
    // The commonest first bytes: of Latin letters, of Greek and Cyrillic ones
    `[ÂÃÎÐ][€œŠš¢£Ÿž\\xa0\\xad®©°·»${opening}${closing}–—´]`,
    // Two Arabic letters, since punctuation may follow one Ø
    `([ØÙ][${common}${currency}${bad}${numeric}${opening}ŸŠ®°µ»]){2}`,
    // Scripts of South Asia
    'à[²µ¹¼½¾]',
    // à and á; and where a no-break space became a plain one
    'Ã[\\xa0¡]|[a-z]\\s?[ÃÂ] |^[ÃÂ] ',
    `[a-z.,?!${closing}]Â[ ${opening}${closing}]`,
  ].join('|'),
  'u',
);
