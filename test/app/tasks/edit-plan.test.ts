import { describe, expect, test } from 'vitest';
import { usualEditing } from '../../../src/app/models/usual-editing.ts';
import { recipeOf } from '../../../src/app/tasks/edit/edit-plan.ts';
import { editParameters } from '../../../src/app/tasks/edit/parameters.ts';
import { defaultSteering, loraBeside, type SteeringSettings } from '../../../src/methods/steering/index.ts';

const asked = (own: object) =>
  editParameters.parse({
    picture: 'cat.png',
    sourcePrompt: 'a cat',
    prompt: 'a <toy> cat',
    concept: 'toy',
    output: 'out',
    ...own,
  });
const model = { preset: 'SD 1.x', method: 'dreambooth' } as const;

test('help tells the defaults', () => {
  const told = (name: keyof typeof editParameters.shape) => editParameters.shape[name].meta()?.defaultText;
  const { 'SD 1.x': usual, pocket } = usualEditing;
  const both = (large: number, small: number) => `${large}, or ${small} with a small model`;
  const [{ guidedImages, optimization }, small] = (['SD 1.x', 'pocket'] as const).map((preset) =>
    defaultSteering('dreambooth', preset),
  ) as [SteeringSettings, SteeringSettings];
  expect(told('steps')).toBe(both(usual.steps, pocket.steps));
  expect(told('guidanceScale')).toBe(both(usual.guidanceScale, pocket.guidanceScale));
  expect(told('stepSize')).toBe(both(Number(usual.stepSize.toFixed(3)), pocket.stepSize));
  expect(told('steerSteps')).toBe(both(optimization.steps, small.optimization.steps));
  expect(told('guidedImages')).toBe(`${guidedImages.count}`);
});

describe('the recipe of an edit', () => {
  test.each([
    ['what the concept learned', {}, defaultSteering('dreambooth', 'SD 1.x').subset, 5e-6 / 4],
    ['a LoRA beside it, by the rates of a LoRA', { steerWhat: 'lora' }, loraBeside, 1e-4 / 4],
  ] as const)('steers %s', (_, own, subset, learningRate) => {
    const { steering } = recipeOf(asked(own), model);
    expect(steering).toMatchObject({ subset, optimization: { learningRate } });
  });

  test('steers by nothing that needs a mask where there is none', () => {
    const { steering } = recipeOf(asked({ mask: 'none', variants: ['dds,full'] }), model);
    const sampled = { outside: 'free', start: 'noise', appearance: 'source', guidanceScale: 5 };
    expect(steering).toMatchObject({ guidedImages: sampled });
    const transferred = { outside: 'noised source', appearance: { drawings: 4 } };
    expect(recipeOf(asked({}), model).steering).toMatchObject({ guidedImages: transferred });
  });

  test.each([
    [{}, ['full']],
    [{ steer: false, variants: ['full,dds-sm'] }, ['dds-sm']],
    [{ concept: undefined, mask: 'none', variants: ['dds'] }, ['dds']],
    [{ mask: 'mask.png', variants: ['dds,full'], steer: false }, ['dds', 'dds-sm']],
  ])('of %j is %j', (own, variants) => {
    expect(recipeOf(asked(own), model).variants).toEqual(variants);
  });

  test.each([
    [{ fast: true, best: true }, /^fast: contradicts --best; leave one of them out/],
    [
      { mask: 'mask.png', variants: ['dds,dds-s'] },
      /^mask: without a mask is how dds, dds-s edit; add a variant that has one \(dds-sm, full\), or leave this out/,
    ],
    [{ subject: 'cat', variants: ['dds'] }, /^subject: without a mask is how dds edit/],
    [{ grow: 0, variants: ['dds-s'] }, /^grow: without a mask is how dds-s edit/],
    [{ feather: 4, mask: 'none', variants: ['dds-s'] }, /^feather: without a mask is how dds-s edit/],
    [{ subject: 'cat', mask: 'none' }, /^subject: there is to be no mask \(--no-mask\)/],
    [
      { subject: 'cat', mask: 'mask.png' },
      /^subject: the mask is given \(--mask\), so nothing is looked for/,
    ],
    [
      { saveSteered: true, steer: false },
      /^saveSteered: steering is off \(--no-steer\), so nothing is steered/,
    ],
    [{ saveSteered: true, concept: undefined }, /^saveSteered: there is no concept \(--concept\), so/],
    [{ saveSteered: true, variants: ['dds,dds-sm'] }, /^saveSteered: dds, dds-sm edit without it, so/],
    [{ steeredAs: 'lora' }, /^steeredAs: the steered concept is not kept; keep it \(--save-steered\)/],
  ])('refuses %j', (own, message) => {
    expect(() => recipeOf(asked(own), model)).toThrow(message);
  });
});
