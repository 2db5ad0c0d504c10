import { defineConfig } from 'vitest/config';

/** Unit suites: need nothing but Node. Decorator metadata is read from each project's tsconfig. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.spec.{ts,tsx}'],
    typecheck: { enabled: false },
    passWithNoTests: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
