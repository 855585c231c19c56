import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measure } from '../measure.ts';

/** The UNet of Stable Diffusion 1.5 at full size with random weights, each case in a process of its own. */
export const unetSpeed: Measure = async function* ({ sgemm }) {
  const program = fileURLToPath(new URL('../programs/unet.ts', import.meta.url));
  for (const [name, what, batch] of [
    ['forward, batch 1', 'forward', 1],
    ['forward, batch 2', 'forward', 2],
    ['forward and backward to all parameters, batch 1', 'all', 1],
    ['forward and backward to cross-attention keys and values, batch 1', 'cross-attention', 1],
  ] as const) {
    const peaks = [await sgemm(), await sgemm(), await sgemm()];
    const args = ['--import', 'tsx', program, what, `${batch}`, '3'];
    const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as UnetResult;
    const seconds = [...result.seconds].sort((a, b) => a - b);
    const share = result.operations / seconds[1]! / 1e9 / Math.max(...peaks);
    yield {
      name: `SD-1.5 UNet, ${name}`,
      value: seconds[1]!,
      unit: 's',
      spread: [seconds[0]!, seconds[2]!],
      remark: `${(result.operations / 1e12).toFixed(2)} TFLOP, ${Math.round(100 * share)} % of the sgemm peak, ${(result.peakMiB / 1024).toFixed(1)} GiB at the peak, ${result.loadSeconds.toFixed(0)} s to make the weights, ${result.compileSeconds.toFixed(0)} s to compile`,
    };
  }
};

interface UnetResult {
  readonly seconds: readonly number[];
  readonly peakMiB: number;
  readonly operations: number;
  readonly loadSeconds: number;
  readonly compileSeconds: number;
}
