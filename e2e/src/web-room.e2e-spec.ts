import { describe } from 'vitest';
import { accessibility } from './web/accessibility.js';
import { busyRoom } from './web/busy-room.js';
import { comfort } from './web/comfort.js';
import { door } from './web/door.js';
import { hostedRoom } from './web/hosted-room.js';
import { hosting } from './web/hosting.js';
import { hostileTexts } from './web/hostile-texts.js';
import { keyboard } from './web/keyboard.js';
import { lateAnswers } from './web/late-answers.js';
import { lobby } from './web/lobby.js';
import { longLists } from './web/long-lists.js';
import { lowScreens } from './web/low-screens.js';
import { printing } from './web/printing.js';
import { withSite } from './web/site.js';
import { wrongClock } from './web/wrong-clock.js';

/** What people do in a room, and hosts with it: a suite of its own beside web, which together would be the longest by far. */
describe('a room in the browser', () => {
  const running = withSite();
  hostileTexts(running);
  hostedRoom(running);
  busyRoom(running);
  accessibility(running);
  comfort(running);
  keyboard(running);
  hosting(running);
  door(running);
  lobby(running);
  lateAnswers(running);
  longLists(running);
  lowScreens(running);
  printing(running);
  wrongClock(running);
});
