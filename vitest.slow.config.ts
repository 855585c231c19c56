import { defineConfig } from 'vitest/config';

/** `npm run test:slow`: minutes each; all methods through the whole job, and quality on the built-in model. */
export default defineConfig({
  test: { include: ['test/**/*.slow.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
