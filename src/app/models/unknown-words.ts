import type { Tokenizer } from '../../networks/clip/index.ts';

/** Words in angle brackets, such as `<biscuit>`, that nobody taught the model: it reads them letter by letter. */
export const unknownWords = ({ placeholders }: Tokenizer, text: string): readonly string[] =>
  (text.match(/<[^<>\s]+>/g) ?? []).filter((word) => !placeholders.has(word));
