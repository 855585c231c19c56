import { describe, expect, test } from 'vitest';
import { measureEdit } from '../../../src/app/tasks/edit/measure-edit.ts';
import { type Device, ndArray } from '../../../src/engine/index.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';

/** What is measured without weights asks for none. */
const device = {} as Device;

describe('an edit is measured', () => {
  test.each([
    [8, ['l1', 'psnr']],
    [16, ['l1', 'psnr', 'ssim']],
    [161, ['l1', 'ms-ssim', 'psnr', 'ssim']],
  ])(
    'of side %i by all that needs no weights and that such pictures are large enough for',
    async (side, names) => {
      const [source, edited] = [tinyPicture('source', [side, side]), tinyPicture('edited', [side, side])];
      const mask = ndArray('float32', [side, side], new Float32Array(side * side).fill(1));
      const { metrics, changedOutsideMask } = await measureEdit(device, { edited, source, mask });
      expect(Object.keys(metrics).sort()).toEqual(names);
      expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
      expect(changedOutsideMask).toBe(0);
    },
  );
});
