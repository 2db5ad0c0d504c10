import { describe } from 'vitest';
import { connection } from './web/connection.js';
import { firefox } from './web/firefox.js';
import { firstLoad } from './web/first-load.js';
import { firstRun } from './web/first-run.js';
import { healing } from './web/healing.js';
import { lan } from './web/lan.js';
import { lists } from './web/lists.js';
import { outbox } from './web/outbox.js';
import { withSite } from './web/site.js';
import { unknownPages } from './web/unknown-pages.js';
import { unread } from './web/unread.js';

/** How people come in, and what they meet when something is away: web-room has what they do in a room. */
describe('in the browser', () => {
  const running = withSite();
  lan(running);
  unknownPages(running);
  firstLoad(running);
  firefox(running);
  outbox(running);
  healing(running);
  connection(running);
  firstRun(running);
  unread(running);
  // It kills logic and empties Redis.
  lists(running);
});
