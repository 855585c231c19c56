import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSettingsText, parseSettingsText, type SettingsText } from '../../../src/files/images/index.ts';

const settings = new Map([
  ['Steps', '20'],
  ['Sampler', 'Euler a'],
  ['CFG scale', '7.5'],
  ['Seed', '965400086'],
  ['Size', '512x512'],
  ['Model hash', '45dee52b'],
]);

describe('the settings text', () => {
  test('is what the web UI writes', () => {
    const text = formatSettingsText({ prompt: 'a cat,\non a mat', negativePrompt: 'blurry', settings });
    expect(text).toBe(
      'a cat,\non a mat\nNegative prompt: blurry\n' +
        'Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 965400086, Size: 512x512, Model hash: 45dee52b',
    );
    expect(parseSettingsText(text)).toEqual({
      prompt: 'a cat,\non a mat',
      negativePrompt: 'blurry',
      settings,
    });
  });

  test.each([
    ['a,b', '"a,b"'],
    ['a: b', '"a: b"'],
    ['two\nlines', '"two\\nlines"'],
    ['say "hi", twice', '"say \\"hi\\", twice"'],
    ['plain "quotes" inside', 'plain "quotes" inside'],
    ['"quoted"', '"\\"quoted\\""'],
    ['back\\slash, ü', '"back\\\\slash, ü"'],
    ['', '""'],
    [' blank', '" blank"'],
  ])('quotes %j as %s', (value, quoted) => {
    const all = new Map([
      ['Steps', '1'],
      ['Model', value],
      ['Seed', '2'],
      ['Last', value],
    ]);
    const text = formatSettingsText({ prompt: 'p', negativePrompt: '', settings: all });
    expect(text).toBe(`p\nSteps: 1, Model: ${quoted}, Seed: 2, Last: ${quoted}`);
    expect(parseSettingsText(text).settings).toEqual(all);
  });

  test('reads what the web UI wrote, extensions and all', () => {
    const text = `masterpiece, (a cat:1.2), <lora:mine:0.8>
Negative prompt: lowres, bad hands
Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 640x832, Model hash: 0123abcd, Model: v1-5-pruned, Lora hashes: "mine: 1f2e3d, other: 99", Hires prompt: "a, b\\nc", Version: v1.10.1`;
    const read = parseSettingsText(text);
    expect(read.prompt).toBe('masterpiece, (a cat:1.2), <lora:mine:0.8>');
    expect(read.negativePrompt).toBe('lowres, bad hands');
    expect([...read.settings]).toEqual([
      ['Steps', '25'],
      ['Sampler', 'DPM++ 2M'],
      ['Schedule type', 'Karras'],
      ['CFG scale', '7'],
      ['Seed', '1'],
      ['Size', '640x832'],
      ['Model hash', '0123abcd'],
      ['Model', 'v1-5-pruned'],
      ['Lora hashes', 'mine: 1f2e3d, other: 99'],
      ['Hires prompt', 'a, b\nc'],
      ['Version', 'v1.10.1'],
    ]);
  });

  test('takes a last line without settings for a part of the prompt', () => {
    expect(parseSettingsText('a cat\nstyle: oil, light: soft')).toEqual({
      prompt: 'a cat\nstyle: oil, light: soft',
      negativePrompt: '',
      settings: new Map(),
    });
    expect(parseSettingsText('')).toEqual({ prompt: '', negativePrompt: '', settings: new Map() });
  });

  test.each([
    [new Map([['Steps', '1']]), /recognises 3 or more, got 1; add Steps, Seed and Size/],
    [new Map([...settings, ['a:b', '1']]), /a name is two or more letters.*got "a:b"/],
    [new Map([...settings, ['x', '1']]), /got "x"/],
    [new Map([...settings, ['-ab', '1']]), /got "-ab"/],
  ])('refuses settings that would not be found again (%#)', (bad, message) => {
    expect(() => formatSettingsText({ prompt: '', negativePrompt: '', settings: bad })).toThrow(message);
  });
});

describe('properties of the settings text', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 \-/]{1,12}$/);
  const line = fc
    .oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('Steps: 1, a b: 2, c d: 3', 'Negative', ''),
    )
    .map((text) => text.replaceAll('\n', ' ').trim())
    .filter((text) => !text.startsWith('Negative prompt:'));
  const prompt = fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n').trim());
  const written: fc.Arbitrary<SettingsText> = fc.record({
    prompt,
    negativePrompt: prompt,
    settings: fc
      .uniqueArray(fc.tuple(name, fc.oneof(fc.string(), fc.string({ unit: 'binary' }))), {
        selector: ([key]) => key,
        minLength: 3,
        maxLength: 8,
      })
      .map((entries) => new Map(entries)),
  });
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(':', ',', '"', '\\', ' ', '\n', 'ab', 'Negative prompt:', '-', '/', '\t'),
        fc.string(),
      ),
      {
        maxLength: 40,
      },
    )
    .map((parts) => parts.join(''));

  test('what is written is read again', () => {
    fc.assert(
      fc.property(written, (value) => {
        expect(parseSettingsText(formatSettingsText(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test("hostile text is read as the web UI's expression reads it", () => {
    const expression = /\s*([\p{L}\p{N}_][\p{L}\p{N}_ \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/gsu;
    fc.assert(
      fc.property(hostile, (text) => {
        const last = text.trim().split('\n').at(-1)!;
        const names = [...last.matchAll(expression)].map(([, key]) => key!);
        const expected = names.length < 3 ? new Set() : new Set(names);
        expect(new Set(parseSettingsText(text).settings.keys())).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['words', 'ab '.repeat(80_000)],
    ['colons', ':'.repeat(250_000)],
    ['names without values', 'ab:'.repeat(80_000)],
    ['open quotes', 'ab:"'.repeat(60_000)],
    ['escaped quotes', `${'ab:"\\",'.repeat(35_000)}`],
    ['lines', '\n'.repeat(250_000)],
  ])('a quarter of a megabyte of %s is read in a moment', (_, text) => {
    const start = performance.now();
    parseSettingsText(text);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('longer text is refused', () => {
    expect(() => parseSettingsText('x'.repeat(2 ** 18 + 1))).toThrow(
      /262145 characters are more than the 262144/,
    );
  });
});
