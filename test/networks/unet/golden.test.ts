import { expect, it } from 'vitest';
import { describeGolden, goldenPath } from '../../golden.ts';
import type { ParityResult } from '../../parity/parity-result.ts';
import { compareUnet } from '../../parity/unet.ts';
import { compareUnetInjection } from '../../parity/unet-injection.ts';

describeGolden("The UNet agrees with diffusers'", () => {
  it.each([
    ['SD 1.x: heads counted once, convolutional projections', () => compareUnet(goldenPath('unet_sd1'))],
    ['SD 2.x: heads counted a block, linear projections', () => compareUnet(goldenPath('unet_sd2'))],
    ['Plug-and-Play: injected features', () => compareUnetInjection(goldenPath('pnp'))],
  ])(
    '%s',
    async (_, compare) => {
      const failed: ParityResult[] = [];
      let count = 0;
      for await (const result of compare()) {
        count++;
        if (!result.pass) failed.push(result);
      }
      expect(failed).toEqual([]);
      expect(count).toBeGreaterThan(0);
    },
    180_000,
  );
});
