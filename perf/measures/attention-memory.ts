import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measure } from '../measure.ts';

/** Peak memory of attention with its gradients, in a process of its own: in blocks, and with all scores kept. */
export const attentionMemory: Measure = async function* () {
  const program = fileURLToPath(new URL('../programs/attention-memory.ts', import.meta.url));
  const oneMatrix = (8 * 4096 * 4096 * 4) / 2 ** 20;
  for (const [name, blockSize] of [
    ['in blocks of 4 Mi scores', 2 ** 22],
    ['all scores at once', 2 ** 28],
  ] as const) {
    const output = execFileSync(process.execPath, ['--import', 'tsx', program, `${blockSize}`], {
      encoding: 'utf8',
    });
    yield {
      name: `attention, 4,096 tokens, 8 heads of 40, gradients, ${name}`,
      value: Number(output),
      unit: 'MiB at the peak',
      remark: `one matrix of scores is ${oneMatrix} MiB`,
    };
  }
};
