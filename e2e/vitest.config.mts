import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SuiteReporter } from '../tools/vitest/suite-reporter.js';

/** Suites that take longer than half a minute, the longest first: whoever takes longest must not begin last. */
const long = [
  'web',
  'web-room',
  'chaos',
  'slow-members',
  'together',
  'nets',
  'backup',
  'logs',
  'bench',
  'presence-in-redis',
  'tls',
  'fuzz',
  'faults',
  'database-life',
];

class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = long.indexOf(path.basename(moduleId, '.e2e-spec.ts'));
      return at < 0 ? long.length : at;
    };
    return [...specs].sort((one, other) => place(one) - place(other));
  }
}

/**
 * End to end: real processes, two of each service, real sockets, a real browser. All of them wait much, for leases to end, for
 * processes to come back, for pages; so three run side by side, even on two cores.
 */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.e2e-spec.ts'],
    setupFiles: [path.resolve(import.meta.dirname, '../tools/vitest/suite-setup.ts')],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    dangerouslyIgnoreUnhandledErrors: false,
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new SuiteReporter()],
  },
});
