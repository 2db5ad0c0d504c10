import { defineConfig } from 'vitest/config';

/** Unit suites: need nothing but Node. Decorator metadata is read from each project's tsconfig. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.spec.{ts,tsx}'],
    typecheck: { enabled: false },
    // No test is about speed: a busy machine may take its time for ten thousand cases.
    testTimeout: 30_000,
    passWithNoTests: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
