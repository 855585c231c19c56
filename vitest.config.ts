import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.{webgpu,slow}.test.ts'],
    testTimeout: 60_000,
  },
});
