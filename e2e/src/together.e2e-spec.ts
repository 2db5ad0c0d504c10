import { afterAll, beforeAll, describe } from 'vitest';
import { Stack } from './stack.js';
import { actsMatrix } from './together/acts-matrix.js';
import { badInput } from './together/bad-input.js';
import { bounds } from './together/bounds.js';
import { webApp } from './together/browser.js';
import { delivery } from './together/delivery.js';
import { adminPassword, door } from './together/door.js';
import { docs } from './together/docs.js';
import { gochatClients } from './together/gochat-clients.js';
import { hosting } from './together/hosting.js';
import { lobby } from './together/lobby.js';
import { presence } from './together/presence.js';
import { revocation } from './together/revocation.js';
import { school } from './together/school.js';
import { seeing } from './together/seeing.js';
import { tcpChat } from './together/tcp-chat.js';

/** What one Parley can stand one after the other: a start costs ten seconds of processor time. */
describe('one Parley', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({
      web: true,
      env: {
        PARLEY_DRAIN_WINDOW_MS: '300',
        // One user makes all the rooms, and has hundreds of connections.
        PARLEY_ROOMS_PER_USER: '1000',
        PARLEY_ROOMS_PER_MINUTE: '1000',
        PARLEY_CONNECTIONS_PER_USER: '1000',
        // One does what a whole class does.
        PARLEY_ACT_BURST: '10000',
        PARLEY_FIRST_ADMIN_PASSWORD: adminPassword,
      },
    });
  });
  afterAll(() => stack?.stop());

  const running = () => stack;
  // The first of them expects an empty room 1; the later ones kill processes; the last one empties Redis.
  gochatClients(running);
  delivery(running);
  hosting(running);
  actsMatrix(running);
  door(running);
  badInput(running);
  docs(running);
  webApp(running);
  revocation(running);
  school(running);
  seeing(running);
  tcpChat(running);
  lobby(running);
  presence(running);
  bounds(running);
});
