import { afterAll, beforeAll, describe } from 'vitest';
import { Stack } from './stack.js';
import { accessibility } from './web/accessibility.js';
import { comfort } from './web/comfort.js';
import { firefox } from './web/firefox.js';
import { firstRun } from './web/first-run.js';
import { door } from './web/door.js';
import { keyboard } from './web/keyboard.js';
import { busyRoom } from './web/busy-room.js';
import { firstLoad } from './web/first-load.js';
import { hostedRoom } from './web/hosted-room.js';
import { hostileTexts } from './web/hostile-texts.js';
import { connection } from './web/connection.js';
import { healing } from './web/healing.js';
import { hosting } from './web/hosting.js';
import { lan, lanEnv } from './web/lan.js';
import { lists } from './web/lists.js';
import { longLists } from './web/long-lists.js';
import { stopBrowser } from './web/shared-browser.js';
import { unknownPages } from './web/unknown-pages.js';
import { unread } from './web/unread.js';
import { outbox } from './web/outbox.js';

/** What people meet in a browser, on one Parley with two gateways that the network may reach. */
describe('in the browser', () => {
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
        // What passwords cost is measured by `npm run school`.
        PARLEY_ARGON2_MEMORY_KIB: '1024',
      },
    });
  });
  afterAll(() => stack?.stop());
  afterAll(stopBrowser);

  const running = () => stack;
  lan(running);
  unknownPages(running);
  firstLoad(running);
  firefox(running);
  outbox(running);
  healing(running);
  connection(running);
  hostileTexts(running);
  hostedRoom(running);
  busyRoom(running);
  accessibility(running);
  firstRun(running);
  comfort(running);
  keyboard(running);
  hosting(running);
  door(running);
  unread(running);
  longLists(running);
  // It kills logic and empties Redis.
  lists(running);
});
