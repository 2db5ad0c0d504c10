import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.mjs';

/** Units that another Node.js could break: bytes, sockets, timers, modules with decorators. Run from the workspace's root. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['libs/{framing,rpc,sharding}/src/**/*.spec.ts'],
  },
});
