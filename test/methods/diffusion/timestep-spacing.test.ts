import { describe, expect, test } from 'vitest';
import {
  roundHalfToEven,
  spacedTimesteps,
  type TimestepSpacing,
} from '../../../src/methods/diffusion/timestep-spacing.ts';

describe('spacedTimesteps', () => {
  test.each<[TimestepSpacing, number, number, number[]]>([
    ['leading', 1, 4, [751, 501, 251, 1]],
    ['leading', 0, 3, [666, 333, 0]],
    ['leading', 1, 1, [1]],
    ['trailing', 1, 4, [999, 749, 499, 249]],
    ['trailing', 0, 3, [999, 666, 332]],
    ['trailing', 0, 1, [999]],
    ['linspace', 1, 4, [999, 666, 333, 0]],
    ['linspace', 0, 3, [999, 500, 0]],
    ['linspace', 0, 1, [999]],
  ])('%s with offset %d, %d steps', (timestepSpacing, stepsOffset, steps, expected) => {
    expect(spacedTimesteps({ timestepSpacing, stepsOffset }, 1000, steps)).toEqual(expected);
  });

  test('linspace may keep its fractions, in float32', () => {
    const options = { timestepSpacing: 'linspace', stepsOffset: 0 } as const;
    expect(spacedTimesteps(options, 1000, 8, 'fractional')[1]).toBe(Math.fround((999 * 6) / 7));
  });

  test.each<TimestepSpacing>(['leading', 'trailing', 'linspace'])(
    '%s gives as many as asked, falling',
    (timestepSpacing) => {
      for (let steps = 1; steps <= 1000; steps += 37) {
        const timesteps = spacedTimesteps({ timestepSpacing, stepsOffset: 0 }, 1000, steps);
        expect(timesteps).toHaveLength(steps);
        expect(timesteps.every((t, i) => t >= 0 && t < 1000 && (i === 0 || t < timesteps[i - 1]!))).toBe(
          true,
        );
      }
    },
  );

  test('an offset that leaves the schedule is refused with a sentence', () => {
    expect(() => spacedTimesteps({ timestepSpacing: 'leading', stepsOffset: 1 }, 1000, 1000)).toThrow(
      '1000 steps with offset 1 reach timestep 1000, but the schedule ends at 999; lower the offset',
    );
  });

  test('halves round to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, 499.5, 500.5, 2.4, 2.6].map(roundHalfToEven)).toEqual([0, 2, 2, 500, 500, 2, 3]);
  });
});
