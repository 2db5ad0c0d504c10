import { afterAll, beforeAll, describe } from 'vitest';
import { frames } from './fuzz/frames.js';
import { handshakes } from './fuzz/handshakes.js';
import { routes } from './fuzz/routes.js';
import { Stack } from './stack.js';

/** Time to authenticate: what ends a connection that sends nothing of sense. Longer than a busy machine keeps one waiting that has a token. */
const IDLE_MS = 4_000;

/** One process of each app: who is attacked is alone with it. */
describe('fuzz', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({
      replicas: 1,
      web: true,
      env: {
        PARLEY_REQUESTS_PER_SECOND: '1000000',
        PARLEY_LOGIN_PER_MINUTE: '1000000',
        PARLEY_REGISTRATIONS_PER_MINUTE: '1000000',
        // Doors have passwords: what one costs is not what is attacked here.
        PARLEY_ARGON2_MEMORY_KIB: '1024',
        // One person sends all of it.
        PARLEY_SENDS_PER_SECOND: '1000000',
        PARLEY_CONNECTIONS_PER_USER: '1000',
        PARLEY_UNAUTHENTICATED_IDLE_MS: String(IDLE_MS),
        PARLEY_DRAIN_WINDOW_MS: '300',
      },
    });
  });
  afterAll(() => stack?.stop());

  handshakes(() => stack);
  routes(() => stack);
  frames(() => stack);
});
