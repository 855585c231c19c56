import { cleanBasically } from './clean-basically.ts';
import { fixText } from './fix-text.ts';
import { unescapeLoosely } from './unescape-html.ts';

/**
 * What is done to a text before it is cut into pieces. The original code has three variants, and which one ran
 * depends on what was installed:
 *
 * - `fixed`: transformers' CLIPTokenizer beside the package ftfy, which the models' training used too. Curly
 *   quotes, ligatures, full-width letters and control characters become plain ones; accents stay. HTML entities
 *   are resolved, and mojibake is repaired (repair-mojibake.ts).
 * - `fixed and unescaped`: OpenAI's own code: after that, HTML entities are resolved twice more, even in HTML.
 * - `basic`: transformers without ftfy: accents go, each punctuation mark stands alone.
 */
export type Cleaning = 'fixed' | 'fixed and unescaped' | 'basic';

export const cleanings: { readonly [C in Cleaning]: (text: string) => string } = {
  fixed: (text) => fixText(text).toLowerCase(),
  'fixed and unescaped': (text) => unescapeLoosely(unescapeLoosely(fixText(text))).toLowerCase(),
  basic: cleanBasically,
};
