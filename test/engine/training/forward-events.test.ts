import { describe, expect, it } from 'vitest';
import { forwardEvents } from '../../../src/engine/training/forward-events.ts';

function counting(ended: string[], failAt = 4) {
  async function* count(): AsyncGenerator<number, string, undefined> {
    try {
      for (let i = 1; i <= 3; i++) {
        if (i === failAt) throw new Error('no further');
        yield i;
      }
      return 'counted';
    } finally {
      ended.push('ended');
    }
  }
  return forwardEvents(count(), (i) => i * 10);
}

describe('forwarded events', () => {
  it('are changed, and the result is kept', async () => {
    const ended: string[] = [];
    const events = counting(ended);
    const seen: unknown[] = [];
    for (let next = await events.next(); ; next = await events.next()) {
      seen.push(next.value);
      if (next.done) break;
    }
    expect(seen).toEqual([10, 20, 30, 'counted']);
    expect(ended).toEqual(['ended']);
  });

  it('end their generator when they are ended', async () => {
    const ended: string[] = [];
    for await (const event of counting(ended)) if (event === 20) break;
    expect(ended).toEqual(['ended']);
  });

  it('pass errors on', async () => {
    const ended: string[] = [];
    const events = counting(ended, 2);
    await events.next();
    await expect(events.next()).rejects.toThrow('no further');
    expect(ended).toEqual(['ended']);
  });
});
