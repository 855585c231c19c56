import { parseTokenizer, type Tokenizer, type TokenizerSettings } from '../../../networks/clip/index.ts';
import { FormatError, locate } from '../../formats/format-error.ts';
import { parseStrictJson } from '../../formats/strict-json.ts';

const DEEPEST_JSON = 16;

/**
 * The tokenizer of a model's files.
 * @param name path of the model, for messages
 * @throws FormatError if there are no files, as in a single-file checkpoint, or one is damaged
 */
export async function readTokenizer(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Tokenizer> {
  const json = (file: string) =>
    locate(`${name}: tokenizer/${file}`, () => parseStrictJson(files.get(file)!, DEEPEST_JSON));
  const settings: { -readonly [K in keyof TokenizerSettings]: TokenizerSettings[K] } = {};
  if (files.has('tokenizer_config.json')) settings.config = await json('tokenizer_config.json');
  if (files.has('special_tokens_map.json')) settings.specialTokens = await json('special_tokens_map.json');
  if (files.has('added_tokens.json')) settings.addedTokens = await json('added_tokens.json');
  const merges = files.get('merges.txt');
  if (files.has('vocab.json') && merges !== undefined) {
    const vocabulary = await json('vocab.json');
    return parsed(name, () =>
      parseTokenizer({
        kind: 'vocabulary and merges',
        vocabulary,
        merges: Buffer.from(merges).toString('utf8'),
        settings,
      }),
    );
  }
  if (files.has('tokenizer.json')) {
    const content = await json('tokenizer.json');
    return parsed(name, () => parseTokenizer({ kind: 'tokenizer.json', content, settings }));
  }
  throw new FormatError(
    `${name}: has no tokenizer; take the vocab.json and merges.txt of a model of its family`,
  );
}

function parsed<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new FormatError(`${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
