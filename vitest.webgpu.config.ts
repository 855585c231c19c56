import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `npm run test:webgpu`: the same programs on a GPU. Where there is none, the software renderer of Debian's
 * chromium package stands in, if it is installed (apt-get install chromium): slow, and good for correctness.
 */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

export default defineConfig({
  test: {
    include: ['test/**/*.webgpu.test.ts'],
    testTimeout: 300_000,
    env: {
      ...(existsSync(swiftShader) && !process.env.VK_ICD_FILENAMES && { VK_ICD_FILENAMES: swiftShader }),
      ...(!process.env.XDG_RUNTIME_DIR && { XDG_RUNTIME_DIR: tmpdir() }),
    },
  },
});
