import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  completeTask,
  describeParameters,
  expectation,
  ParameterError,
  parseParameters,
  TaskError,
  taskNames,
  tasks,
} from '../../../src/index.ts';

describe.each(taskNames)('the parameters of %s', (name) => {
  const parameters = describeParameters(tasks[name].parameters);

  test('have a description without a full stop, and names and letters of their own', () => {
    for (const { description } of parameters) expect(description).toMatch(/^[A-Z].*[^.]$/);
    const letters = parameters.flatMap(({ hints }) => hints.short ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test('have defaults that they accept', () => {
    for (const { name: parameter, defaultValue } of parameters) {
      if (defaultValue === undefined) continue;
      const field = tasks[name].parameters.shape[parameter as never] as z.ZodType;
      expect(field.safeParse(defaultValue).success, parameter).toBe(true);
    }
  });
});

test.each([
  ['generate', 'width'],
  ['generate', 'height'],
  ['edit', 'size'],
  ['personalize', 'size'],
] as const)('%s takes a %s of whole latent cells', (name, side) => {
  const parameter = describeParameters(tasks[name].parameters).find((each) => each.name === side);
  expect(parameter).toMatchObject({ multipleOf: 8, minimum: 8 });
});

const schema = z.object({
  steps: z.int().min(1).max(9),
  share: z.number().min(0).max(1).default(0.5),
  way: z.enum(['short', 'long']).default('short'),
  words: z.array(z.string().min(1)).default([]),
  loud: z.boolean().default(false),
});

describe('what is given', () => {
  test('is completed by defaults', () => {
    expect(parseParameters(schema, { steps: 3 })).toEqual({
      steps: 3,
      share: 0.5,
      way: 'short',
      words: [],
      loud: false,
    });
  });

  test.each([
    [{}, 'steps: expected a whole number from 1 to 9, got nothing'],
    [{ steps: 10 }, 'steps: expected a whole number from 1 to 9, got 10'],
    [{ steps: 1, share: '1' }, 'share: expected a number from 0 to 1, got "1"'],
    [{ steps: 1, way: 'shorr' }, 'way: expected one of short, long, got "shorr"; did you mean short?'],
    [{ steps: 1, words: [''] }, 'words: expected texts that are not empty, got [""]'],
    [{ steps: 1, loud: 1 }, 'loud: expected true or false, got 1'],
    [
      { stepps: 1 },
      'there is no parameter "stepps"; the nearest is "steps", there are steps, share, way, words, loud',
    ],
  ])('%j is refused in a sentence', (given, message) => {
    expect(() => parseParameters(schema, given)).toThrow(message);
    expect(() => parseParameters(schema, given)).toThrow(TaskError);
  });

  test.each([
    [{}, 'of the schema'],
    [
      { picture: 'none.png', sourcePrompt: 'a', prompt: 'a', output: import.meta.filename },
      'of the task itself',
    ],
  ])('is called as the caller calls it: %j, %s', async (given, _whose) => {
    const nameOf = ({ name }: { readonly name: string }) => `the field ${name}`;
    const error = await completeTask('edit', given as never, { nameOf }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ParameterError);
    expect((error as ParameterError).message).toMatch(/^the field (picture: expected|output: .* is a file)/);
    expect((error as ParameterError).parameter).toMatch(/^(picture|output)$/);
  });

  test('must be of a kind that flags and fields are known for', () => {
    expect(() => describeParameters(z.object({ free: z.number() }))).toThrow(
      /"free" is no text, .* bounded number/,
    );
    expect(
      expectation(describeParameters(z.object({ side: z.int().multipleOf(8).min(8).max(64) }))[0]!),
    ).toBe('a multiple of 8 from 8 to 64');
  });
});
