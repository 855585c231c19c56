import { vi } from 'vitest';
import { main } from '../../../src/app/cli/main.ts';

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process. */
export async function runMain(...typed: readonly string[]): Promise<Outcome> {
  const printed = { out: '', err: '' };
  const capture = (to: 'out' | 'err') => (text: unknown) => {
    printed[to] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(capture('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(capture('err'));
  const listeners = process.stdout.listeners('error');
  try {
    return { code: await main(typed), ...printed };
  } finally {
    for (const added of process.stdout.listeners('error')) {
      if (!listeners.includes(added)) process.stdout.off('error', added as () => void);
    }
    vi.restoreAllMocks();
  }
}
