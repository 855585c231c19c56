import { expect, test } from 'vitest';

import {
  defaultSteering,
  type SteerEvent,
  unetCallsOfSteering,
} from '../../../src/methods/steering/index.ts';

const step = { kind: 'step' } as SteerEvent;

test.each([
  ['SD 1.x', {}, 8 + 2 * 6],
  ['SD 1.x', { edsd: 'off' }, 2 * 4],
  ['SD 1.x', { modeShifting: 'off' }, 8 + 2 * 2],
  ['pocket', {}, 8 + 2],
] as const)(
  'a step of steering with the usual settings for %s and %j runs a UNet %i times',
  (preset, change, calls) => {
    expect(unetCallsOfSteering(step, { ...defaultSteering('dreambooth', preset), ...change })).toBe(calls);
  },
);

test.each([
  [{ kind: 'drawing' }, 1],
  [{ kind: 'looking' }, 1],
  [{ kind: 'guiding', stage: 'inverting', step: 0, steps: 10 }, 1],
  [{ kind: 'guiding', stage: 'sampling', step: 9, steps: 10 }, 4],
  [{ kind: 'guided image' }, 0],
] as const)('%j runs it %i times', (event, calls) => {
  expect(unetCallsOfSteering(event as SteerEvent, defaultSteering('dreambooth', 'pocket'))).toBe(calls);
});
