import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePrompt,
  encodePrompt,
  encodePrompts,
  parseTokenizer,
  promptPieces,
  vocabularyFromMerges,
  vocabularySize,
} from '../../../../src/networks/clip/tokenizer/index.ts';
import { smallFiles, smallTokenizer } from './small-tokenizer.ts';

const tokensOf = (prompt: string, tokenizer = smallTokenizer()) =>
  promptPieces(tokenizer, prompt).map(({ ids }) => ids.map((id) => tokenizer.tokens.get(id)).join(' '));

describe('byte pairs', () => {
  it.each([
    ['The CAT', ['the</w>', 'cat</w>']],
    ['catch', ['cat c h</w>']],
    ['a cat,the', ['a</w>', 'cat</w>', ',</w>', 'the</w>']],
    ["cat's 42!!", ['cat</w>', "' s</w>", '4</w>', '2</w>', '! !</w>']],
    ['é', ['Ã ©</w>']],
    ['', []],
    [' \n\t', []],
  ])('cut %j into %j', (prompt, tokens) => {
    expect(tokensOf(prompt)).toEqual(tokens);
  });

  it('never join the last letter of a word with the next word', () => {
    expect(tokensOf('ca t')).toEqual(['c a</w>', 't</w>']);
  });

  it("number bytes, merges and special tokens as CLIP's vocabulary does", () => {
    const vocabulary = vocabularyFromMerges(['a b', 'ab c</w>']);
    expect(
      ['!', '~', '¡', 'Ā', '!</w>', 'ab', 'abc</w>', '<|startoftext|>'].map((token) => vocabulary.get(token)),
    ).toEqual([0, 93, 94, 188, 256, 512, 513, 514]);
    expect(vocabulary.size).toBe(516);
  });
});

describe('cleaning', () => {
  const cleaned = (cleaning: 'fixed' | 'basic' | 'fixed and unescaped', prompt: string) =>
    promptPieces(smallTokenizer({ cleaning }), prompt).map(({ text }) => text);

  it.each([
    ['fixed', 'Café “Ｃａｔ” ﬁne', ['café', '"', 'cat', '"', 'fine']],
    ['fixed', 'cafÃ© â€œcatâ€\x9d 20Â°C ðŸ˜€', ['café', '"', 'cat', '"', '2', '0', '°', 'c', '😀']],
    ['fixed', 'déjà vu… Ça «va»', ['déjà', 'vu', '…', 'ça', '«', 'va', '»']],
    ['fixed', 'fish &amp; chips', ['fish', '&', 'chips']],
    ['fixed', '&amp;lt;&frac12;', ['<', '½']],
    ['fixed', 'caf&EACUTE; &checkmark; &nTILDE; &amp', ['café', '✓', '&', 'ntilde', ';', '&', 'amp']],
    ['fixed', '&#128;&#x1F600;&zzz;', ['€😀&', 'zzz', ';']],
    ['fixed and unescaped', 'fish &ampnbsp chips &notit;', ['fish', 'chips', '¬', 'it', ';']],
    ['fixed', '<b> &amp;', ['<', 'b', '>', '&', 'amp', ';']],
    ['fixed and unescaped', '<b> &amp;eacute; &#99;&#x41;', ['<', 'b', '>', 'é', 'ca']],
    ['fixed', '\x1b[31mred\x1b[0m \ud800', ['red', '\ufffd']],
    ['basic', 'Café don’t!!', ['cafe', 'don', '’', 't', '!', '!']],
    ['basic', '中文x', ['中', '文', 'x']],
  ] as const)('%s: %j gives %j', (cleaning, prompt, pieces) => {
    expect(cleaned(cleaning, prompt)).toEqual(pieces);
  });
});

describe('encodePrompt', () => {
  const begin = 517;
  const end = 518;

  it('frames the prompt and pads with the end token, as Stable Diffusion 1.x does', () => {
    const { ids, dropped } = encodePrompt(smallTokenizer(), 'the cat');
    expect(ids).toEqual([begin, 515, 514, end, ...new Array(73).fill(end)]);
    expect(dropped).toEqual([]);
  });

  it('pads with "!" where the configuration says so, as Stable Diffusion 2.x does', () => {
    const tokenizer = smallTokenizer({ config: { pad_token: '!' } });
    expect(encodePrompt(tokenizer, 'the cat').ids.slice(2, 5)).toEqual([514, end, 0]);
  });

  it('truncates before the end token and says what was dropped', () => {
    const { ids, dropped } = encodePrompt(smallTokenizer(), `${'cat '.repeat(74)}catch the`);
    expect(ids).toHaveLength(77);
    expect(ids.slice(-3)).toEqual([514, 516, end]);
    expect(dropped.map(({ text }) => text)).toEqual(['catch', 'the']);
  });

  it('makes a batch of ids for the text tower', () => {
    const batch = encodePrompts(smallTokenizer({ config: { model_max_length: 4 } }), ['cat', 'the the the']);
    expect(batch.shape).toEqual([2, 4]);
    expect([...batch.data].map(Number)).toEqual([begin, 514, end, end, begin, 515, 515, end]);
  });

  it('refuses a prompt that is none', () => {
    expect(() => encodePrompt(smallTokenizer(), 'a'.repeat(65_537))).toThrow(
      'A prompt has at most 65536 characters, got one of 65537',
    );
  });
});

describe('any text', () => {
  it.each(['fixed', 'fixed and unescaped', 'basic'] as const)('has 77 known ids: %s', (cleaning) => {
    const tokenizer = smallTokenizer({ cleaning });
    assert(
      property(string({ unit: 'binary', maxLength: 200 }), (prompt) => {
        const { ids } = encodePrompt(tokenizer, prompt);
        expect(ids).toHaveLength(77);
        expect(ids[0]).toBe(tokenizer.special.begin);
        expect(ids).toContain(tokenizer.special.end);
        expect(ids.filter((id) => !tokenizer.tokens.has(id))).toEqual([]);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('decodePrompt', () => {
  it('gives the cleaned text back', () => {
    const tokenizer = smallTokenizer();
    expect(decodePrompt(tokenizer, encodePrompt(tokenizer, "The cat's é, is it?").ids)).toBe(
      "the cat's é, is it?",
    );
  });

  it('keeps special tokens on request', () => {
    expect(decodePrompt(smallTokenizer(), [517, 514, 518], { special: 'keep' })).toBe(
      '<|startoftext|>cat <|endoftext|>',
    );
  });

  it('refuses ids that do not exist', () => {
    expect(() => decodePrompt(smallTokenizer(), [519])).toThrow(
      'decodePrompt: the vocabulary has no token 519',
    );
  });
});

describe('parseTokenizer', () => {
  it('reads the same from tokenizer.json, merges as texts or as pairs', () => {
    const { vocabulary, merges } = smallFiles;
    const lines = merges.split('\n').slice(1, -1);
    for (const list of [lines, lines.map((line) => line.split(' '))]) {
      const single = parseTokenizer({
        kind: 'tokenizer.json',
        content: {
          model: { type: 'BPE', vocab: vocabulary, merges: list },
          added_tokens: [
            { id: 518, content: '<|endoftext|>' },
            { id: 519, content: '<dog>' },
          ],
        },
      });
      expect(single.mergeRanks).toEqual(smallTokenizer().mergeRanks);
      expect(encodePrompt(single, 'the <dog>').ids.slice(0, 4)).toEqual([517, 515, 519, 518]);
    }
  });

  it('reads placeholders that were saved, several vectors under one name', () => {
    const tokenizer = smallTokenizer({
      addedTokens: { '<dog>_1': 520, '<dog>': 519, '<mug>_2': 521, '<mug>': 522 },
      config: { added_tokens_decoder: { 518: { content: '<|endoftext|>' }, 523: { content: '<hat>' } } },
    });
    expect([...tokenizer.placeholders]).toEqual([
      ['<dog>', [519, 520]],
      ['<mug>_2', [521]],
      ['<mug>', [522]],
      ['<hat>', [523]],
    ]);
    expect(vocabularySize(tokenizer)).toBe(524);
  });

  it.each([
    [{ vocabulary: { a: 0, b: 0 } }, 'vocab.json: "a" and "b" both have the id 0'],
    [{ vocabulary: { a: -1 } }, 'vocab.json: the id of "a" is a whole number from 0 to 2097151, got -1'],
    [{ vocabulary: [] }, 'vocab.json: expected an object, got a list'],
    [{ merges: 'a b\nc' }, 'merges.txt: merge 2 is two tokens with a space between, got "c"'],
    [
      { settings: { config: { eos_token: '<end>' } } },
      'tokenizer_config.json: the eos_token "<end>" is not in the vocabulary',
    ],
    [
      { settings: { config: { model_max_length: 2 } } },
      'tokenizer_config.json: "model_max_length" is a whole number from 3 to 4096, got 2',
    ],
    [{ settings: { addedTokens: { '<dog>': 3 } } }, 'addPlaceholder: the id 3 of "<dog>" is that of "$"'],
  ])('refuses %j', (change, message) => {
    expect(() => parseTokenizer({ ...smallFiles, ...change })).toThrow(message);
  });
});
