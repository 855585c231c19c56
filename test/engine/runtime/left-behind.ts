import { expect, vi } from 'vitest';
import type { Device } from '../../../src/engine/index.ts';

/**
 * Has the device refuse the first request of some work, then the second of the same work, and so on until it gets
 * through, and disposes of what it makes.
 * @param kinds of requests that are refused. Default: all but those that free something
 * @returns the programs and states that were then left on the device, and after which refusal
 */
export async function leftBehind(
  device: Device,
  work: () => Promise<{ dispose(): Promise<void> }>,
  kinds: readonly string[] = ['compile', 'run', 'put', 'combine', 'read'],
): Promise<readonly string[]> {
  const request = device.request.bind(device);
  const left: string[] = [];
  for (let refused = 0; ; refused++) {
    const open = new Set<string>();
    let [count, reason] = [0, ''];
    const spy = vi.spyOn(device, 'request').mockImplementation(async (...given) => {
      const [asked] = given;
      if (kinds.includes(asked.kind) && count++ === refused) {
        reason = `request ${count}, to ${asked.kind}, was refused`;
        throw new Error(reason);
      }
      if (asked.kind === 'compile') open.add(`program ${asked.program}`);
      if (asked.kind === 'put' || asked.kind === 'combine') open.add(`state ${asked.state}`);
      if (asked.kind === 'forget') open.delete(`program ${asked.program}`);
      if (asked.kind === 'release') open.delete(`state ${asked.state}`);
      return request(...given);
    });
    try {
      await (await work()).dispose();
    } catch (error) {
      if (reason === '') throw error;
    } finally {
      spy.mockRestore();
    }
    left.push(...[...open].map((each) => `${each}: ${reason}`));
    if (reason !== '') continue;
    expect(refused).toBeGreaterThan(1); // there was something to leave behind
    return left;
  }
}
