import { afterAll, beforeAll, describe } from 'vitest';
import { Stack } from './stack.js';
import { connection } from './web/connection.js';
import { healing } from './web/healing.js';
import { lan, lanEnv } from './web/lan.js';
import { lists } from './web/lists.js';
import { unknownPages } from './web/unknown-pages.js';
import { outbox } from './web/outbox.js';

/** What people meet in a browser, on one Parley with two gateways that the network may reach. */
describe('in the browser', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({
      web: true,
      asBuilt: true,
      env: { ...lanEnv, PARLEY_DRAIN_WINDOW_MS: '300' },
    });
  });
  afterAll(() => stack?.stop());

  const running = () => stack;
  lan(running);
  unknownPages(running);
  outbox(running);
  healing(running);
  connection(running);
  // It kills logic and empties Redis.
  lists(running);
});
