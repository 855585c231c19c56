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
];

/** What reading UTF-8 as another encoding makes of a text; Latin-1 is not what TextDecoder takes for it. */
const misread = {
  'Latin-1': (text: string) => Buffer.from(text, 'utf8').toString('latin1'),
  'Windows-1252': (text: string) => new TextDecoder('windows-1252').decode(Buffer.from(text, 'utf8')),
};

describe('fixText', () => {
  it.each(right)('leaves %s alone', (text) => {
    expect(fixText(text)).toBe(text);
  });

  it.each(Object.keys(misread) as (keyof typeof misread)[])(
    'undoes a misreading as %s, up to three times',
    (as) => {
      for (const text of right) {
        let garbled = text;
        for (let times = 1; times <= 3; times++) {
          garbled = misread[as](garbled);
          expect(fixText(garbled), garbled).toBe(text);
        }
      }
    },
  );

  // What ftfy 6.3.1 gives.
  it.each([
    [
      'a run in a text that is right, and none that may be meant',
      '日本 “cafÃ©” Å¡koda',
      '日本 "café" Å¡koda',
    ],
    ['a byte that was lost', 'â€œcatâ€\ufffd', '"cat\ufffd'],
    ['a byte that became a question mark', 'naÃ¯ve rÃ?sumÃ©', 'naïve r\ufffdsumé'],
    ['à, whose second byte became a space', 'voilÃ le chat', 'voilà le chat'],
    ['the same before a Portuguese ending', 'atenÃ§Ã£o Ã s crianÃ§as', 'atenção às crianças'],
    ['entities of bytes', '&Atilde;&copy;t&Atilde;&copy;', 'été'],
    ['Latin-1 that was meant as Windows-1252', 'wait\x85 it\x92s', "wait… it's"],
    ['a trade mark that two quotes look like', 'â„¢', 'â"¢'],
    ['letters that are rare but right', 'Ã', 'Ã'],
  ])('repairs as ftfy does: %s', (_, text, expected) => {
    expect(fixText(text)).toBe(expected);
  });

  it('is done with a long text soon', () => {
    const began = performance.now();
    for (const text of ['Ã', 'Ã©', 'â€', 'Ã\x83Â', 'à ']) fixText(text.repeat(20_000));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
