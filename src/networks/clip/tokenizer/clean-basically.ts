/**
 * BERT's text cleaning, which transformers' CLIPTokenizer falls back to (Devlin et al. 2018, arXiv 1810.04805):
 * control characters go, Chinese characters and punctuation marks stand alone, letters are lower-cased and lose
 * their accents.
 */
export function cleanBasically(text: string): string {
  const visible = text.replace(/[\t\n\r]/g, ' ').replace(/[\p{C}\ufffd]/gu, '');
  const apart = visible.replace(chinese, ' $& ').normalize('NFC');
  return apart
    .split(/\s+/)
    .map((word) =>
      word
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '')
        .replace(punctuation, ' $& '),
    )
    .join(' ');
}

/** The CJK Unified Ideographs blocks, as BERT lists them. Kana and hangul are not among them. */
const chinese =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Unicode's punctuation and all of ASCII that is neither letter nor digit. */
const punctuation = /[\p{P}!-/:-@[-`{-~]/gu;
