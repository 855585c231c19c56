import { describe, expect, test } from 'vitest';
import { printable } from '../../../src/app/cli/display.ts';
import { timeLeft } from '../../../src/app/cli/time-left.ts';
import { readableDuration } from '../../../src/app/readable-duration.ts';

describe('the time left', () => {
  test('is learnt from the first steps, and not guessed before', () => {
    const left = timeLeft(10);
    expect(left({ time: 1000, done: 0 })).toBeUndefined();
    expect(left({ time: 3000, done: 1 })).toBe(18_000);
    expect(left({ time: 5000, done: 2 })).toBe(16_000);
  });

  test('does not count what was done before', () => {
    const left = timeLeft(100);
    left({ time: 0, done: 90 });
    expect(left({ time: 100, done: 91 })).toBe(900);
  });

  test('follows a machine that gets slower', () => {
    const left = timeLeft(200);
    for (let done = 0; done <= 50; done++) left({ time: done, done });
    let last: number | undefined;
    for (let done = 51; done <= 100; done++) last = left({ time: 50 + (done - 50) * 10, done });
    expect(last).toBeCloseTo(1000);
  });

  test.each([
    [400, '1 s'],
    [59_000, '59 s'],
    [80_000, '1 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('of %d ms is %s', (milliseconds, text) => {
    expect(readableDuration(milliseconds)).toBe(text);
  });
});

test('what a terminal would obey is not printed', () => {
  expect(printable('a\x1b[2Jb\nc\x07\x9b')).toBe('a�[2Jb\nc��');
});
