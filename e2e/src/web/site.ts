import { afterAll, beforeAll } from 'vitest';
import { Stack } from '../stack.js';
import { lanEnv } from './lan.js';
import { stopBrowser } from './shared-browser.js';

/**
 * One Parley with two gateways that the network may reach, for the tests of the enclosing `describe`.
 *
 * @returns what gives it, once the tests run.
 */
export function withSite(): () => Stack {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({
      web: true,
      env: {
        ...lanEnv,
        PARLEY_DRAIN_WINDOW_MS: '300',
        // One user makes all the rooms.
        PARLEY_ROOMS_PER_USER: '1000',
        PARLEY_ROOMS_PER_MINUTE: '1000',
      },
    });
  });
  afterAll(() => stack?.stop());
  afterAll(stopBrowser);
  return () => stack;
}
