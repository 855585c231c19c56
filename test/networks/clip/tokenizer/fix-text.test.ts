import { describe, expect, it } from 'vitest';
import { fixText } from '../../../../src/networks/clip/tokenizer/fix-text.ts';

/** Texts that are right, and look like some mojibake or are often garbled. */
const right = [
  'a photo of a cat',
  'café résumé naïve façade, crème brûlée, œuf',
  'SÃO PAULO, CÂMARA, CRÈME BRÛLÉE',
  'Dvořák Łódź Ångström Škoda, zażółć gęślą jaźń',
  'Straße, größer, Übung',
  'señor ¿qué? ¡hola!',
  '5€ or £6, ½ cup, 20°C ± 3, 10 µm, § 5',
  'the Å river, Ørsted, þorn',
  'Pokémon™ IKEA® ©2020',
  '«guillemets» † ‡ •',
  'привет мир, γάτα, قطة, हिन्दी, ไทย',
  '日本語のプロンプト, 中文, 한국어',
  '😀 smile 🐱, (╯°□°)╯, ¯\\_(ツ)_/¯',
  '│ café │ ─┼─, √2 ≈ 1.41',
  'Ã',
];

const misreadAsLatin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('fixText', () => {
  it.each(right)('leaves %s alone', (text) => {
    expect(fixText(text)).toBe(text);
  });

  it.each(right)('undoes a misreading of %s as Latin-1, up to three times', (text) => {
    let garbled = text;
    for (let times = 1; times <= 3; times++) {
      garbled = misreadAsLatin1(garbled);
      expect(fixText(garbled), garbled).toBe(text);
    }
  });

  // What ftfy 6.3.1 gives.
  it.each([
    ['Windows-1252', 'â€œnaÃ¯veâ€\x9d â€” 5 â‚¬', '"naïve" — 5 €'],
    ['Windows-1251', 'вЂњРїСЂРёРІРµС‚вЂќ вЂ” С‘Р»РєР°', '"привет" — ёлка'],
    ['Windows-1250', 'PĹ™Ă\xadliĹˇ ĹľluĹĄouÄŤkĂ˝ kĹŻĹ\x88', 'Příliš žluťoučký kůň'],
    ['Windows-1253', 'Ξ³Ξ¬Ο„Ξ± β€\x9cΓ\xa0 laβ€\x9d cafΓ©', 'γάτα "à la" café'],
    ['Windows-1254', 'Ä°ÄŸne Ä±ÅŸÄ±k â€œÅŸâ€\x9d', 'İğne ışık "ş"'],
    ['Windows-1257', 'Å¾Ä…sys ā€“ ā€\x9cÄ—joā€Æ', 'žąsys – "ėjo\u202f'],
    ['ISO-8859-2', 'zaĹźĂłĹ\x82Ä\x87 gÄ\x99Ĺ\x9blÄ\x85 jaĹşĹ\x84', 'zażółć gęślą jaźń'],
    ['the Macintosh', 'l‚Äô√©t√© ‚Äî ‚Äúc≈ìur‚Äù', 'l\'été — "cœur"'],
    ['a dash of the Macintosh before a space', '√† la carte √©t√©', 'à la carte été'],
    ['DOS', 'cr├¿me br├╗l├⌐e', 'crème brûlée'],
    ['Latin-1, then the Macintosh', 'd√É¬©j√É¬† vu', 'déjà vu'],
    ['Windows-1252, then the Macintosh, then DOS', 'ΓêÜ├ë┬¼┬⌐', 'é'],
    ['Windows-1251, then Windows-1252', 'Ð\xa0Ñ”Ð\xa0Ñ•Ð¡â€š', "РєРѕС'"],
    ['emoji in Windows-1251', 'рџ\x98Ђ cat', '😀 cat'],
  ])('undoes misreadings as ftfy does: %s', (_, text, expected) => {
    expect(fixText(text)).toBe(expected);
  });

  it.each([
    [
      'a run in a text that is right, and none that may be meant',
      '日本 “cafÃ©” Å¡koda',
      '日本 "café" Å¡koda',
    ],
    ['runs of two encodings', 'РїСЂРёРІРµС‚ 日本 cafÃ©', 'привет 日本 café'],
    ['a byte that was lost', 'â€œcatâ€\ufffd', '"cat\ufffd'],
    ['a lost byte of Windows-1251', 'вЂњcatвЂ\ufffd', '"cat\ufffd'],
    ['a lost byte of an emoji', 'ðŸ\ufffd€ catÃ©', '\ufffd caté'],
    ['a lost byte of a surrogate', 'í\xa0\ufffdí¸€ â€™', "\ufffd '"],
    ['a control character that stands for no lost byte', 'â€œcatâ€\x1a', '"catâ€'],
    ['a byte that became a question mark', 'naÃ¯ve rÃ?sumÃ©', 'naïve r\ufffdsumé'],
    ['à, whose second byte became a space', 'voilÃ le chat', 'voilà le chat'],
    ['the same before a Portuguese ending', 'atenÃ§Ã£o Ã s crianÃ§as', 'atenção às crianças'],
    ['a space in a Cyrillic letter', 'вЂњР СѓРєР°вЂќ', '"Рука"'],
    ['surrogates in UTF-8', 'í\xa0½í¸\x80 cat', '😀 cat'],
    ['a surrogate that a line break cut', 'cafÃ© í\xa0½í²\ndog', 'café 💊dog'],
    ["Java's NUL", 'cafÃ© À\x80!', 'café !'],
    ["Java's NUL that a line break cut", 'cafÃ© À\ndog', 'café dog'],
    ['Latin-1 that was meant as Windows-1252', 'wait\x85 it\x92s', "wait… it's"],
    ['a trade mark that two quotes look like', 'â„¢', 'â"¢'],
    ['a garbled ligature', 'ï¬\x81ne', 'fine'],
  ])('repairs what was damaged as ftfy does: %s', (_, text, expected) => {
    expect(fixText(text)).toBe(expected);
  });

  it.each([
    ['entities of entities', '&amp;amp;amp;lt;b&gt;', '<b>'],
    ['entities of bytes', '&Atilde;&copy;t&Atilde;&copy; &acirc;&euro;&trade;', "été '"],
    ['capitals', '&EACUTE; &SZLIG; &nTILDE; &LTIMES;', 'É SS &nTILDE; &LTIMES;'],
    ['semicolons', '&#59; &semi; &#x3b; &#12ab;', '&#59; ; &#x3b; &#12ab;'],
    ['numbers of no character', 'a&#1;b&#xFFFE;c&#129;&#0;&#xD83D;', 'abc\x81\ufffd\ufffd'],
    ['none from HTML on', '&eacute;\n<b>&eacute;\n&eacute;', 'é\n<b>&eacute;\n&eacute;'],
  ])('resolves entities as ftfy does: %s', (_, text, expected) => {
    expect(fixText(text)).toBe(expected);
  });

  it.each([
    ['escapes of a terminal', '\x1b[1;31mred\x1b[0m \x1b[\u0663mdead', 'red dead'],
    ['ligatures and digraphs', 'ﬂuﬃest ﬅ \u01c4 \u01c6 ŉ Ĳ æ', "fluffiest ſt DŽ dž 'n IJ æ"],
    ['widths', 'ＬＯＵＤ\u3000ｶﾞｷﾞ ￣ ￦', 'LOUD ガギ  \u0304 ₩'],
    ['quotes', '‘a’ ‛b‟ ʼc „d“ «e»', "'a' 'b\" 'c \"d\" «e»"],
    ['line breaks', 'a\r\nb\rc\u2028d\u2029e\x85f', 'a\nb\nc\nd\ne…f'],
    ['surrogates', '\ud83d \ude00 \ud83d\x00\ude00', '\ufffd \ufffd \ufffd\ufffd'],
    ['control characters', '\ufeffa\x00\x07\tb\x0c\x7f\u206a\ufffc\u200d\u202e', 'a\tb\x0c\u200d\u202e'],
    ['accents, not across lines', 'e\u0301 \u0958 a\n\u0301', 'é \u0915\u093c a\n\u0301'],
  ])('makes text plain as ftfy does: %s', (_, text, expected) => {
    expect(fixText(text)).toBe(expected);
  });

  it('is done with a long text soon', () => {
    const began = performance.now();
    for (const text of ['Ã', 'Ã©', 'â€', 'Ã\x83Â', 'à ', '&amp;', '╬ô├ç├╢', 'Ã©\n'])
      fixText(text.repeat(20_000));
    fixText(`&${'amp;'.repeat(16_000)}`);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
