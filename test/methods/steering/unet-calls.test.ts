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
