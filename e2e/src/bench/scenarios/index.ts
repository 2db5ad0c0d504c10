import { backlog } from './backlog.js';
import { gateways } from './gateways.js';
import { idleMembers } from './idle-members.js';
import { joins } from './joins.js';
import { publishing } from './publishing.js';
import type { ContestantName, Scenario } from './scenario.js';

const all: readonly ContestantName[] = ['parley', 'socket-io', 'floor'];
const withRooms: readonly ContestantName[] = ['parley', 'socket-io'];
const parley: readonly ContestantName[] = ['parley'];

/** The picture of latency over rate is drawn of rooms of this size. */
export const MEMBERS_OF_THE_PICTURE = 100;

const fanOut = (members: number, rate: number): Scenario => ({
  name: `${members}x${rate}`,
  what: `one room of ${members} members, ${rate} messages/s over HTTP`,
  contestants: all,
  run: (bench) => publishing(bench, { rooms: 1, members, via: 'http', publishers: 20, rate }),
});

const inRooms = (rooms: number): Scenario => ({
  name: `rooms-${rooms}`,
  what: `200 messages/s over ${rooms} room${rooms > 1 ? 's' : ''} of 10`,
  contestants: parley,
  run: (bench) => publishing(bench, { rooms, members: 10, via: 'http', publishers: 20, rate: 200 }),
});

const withMembers = (members: number): Scenario => ({
  name: `members-${members}`,
  what: `one room of ${members} members, 10 messages/s`,
  contestants: parley,
  run: (bench) =>
    publishing(bench, { rooms: 1, members, via: 'http', publishers: 5, rate: 10, timeOneIn: 8 }),
});

/** Everything that can be measured, by name. */
export const scenarios: readonly Scenario[] = [
  ...[20, 50, 100, 200, 400].map((rate) => fanOut(MEMBERS_OF_THE_PICTURE, rate)),
  fanOut(1_000, 50),
  {
    name: 'saturated',
    what: 'one room of 1,000 members, 100 senders in it with 16 sends in flight each',
    contestants: parley,
    run: (bench) =>
      publishing(bench, {
        rooms: 1,
        members: 1_000,
        via: 'ws',
        publishers: 100,
        inFlight: 16,
        timeOneIn: 64,
      }),
  },
  {
    name: 'saturated-http',
    what: 'one room of 1,000 members, 100 HTTP connections that send as fast as they are answered',
    contestants: all,
    run: (bench) =>
      publishing(bench, { rooms: 1, members: 1_000, via: 'http', publishers: 100, timeOneIn: 64 }),
  },
  {
    name: 'http-accept',
    what: 'nobody listens; 100 HTTP connections that send as fast as they are answered, to 100 rooms',
    contestants: all,
    run: (bench) => publishing(bench, { rooms: 100, members: 0, via: 'http', publishers: 100 }),
  },
  {
    name: 'ws-publish',
    what: '100 rooms of 10, 100 members send over WebSocket as fast as they are answered',
    contestants: parley,
    run: (bench) => publishing(bench, { rooms: 100, members: 10, via: 'ws', publishers: 100 }),
  },
  {
    name: 'joins-5000',
    what: '5,000 members join one room',
    contestants: all,
    run: (bench) => joins(bench, { rooms: 1, members: 5_000 }),
  },
  {
    name: 'joins-10000',
    what: '10,000 members join 1,000 rooms',
    contestants: withRooms,
    run: (bench) => joins(bench, { rooms: 1_000, members: 10_000 }),
  },
  {
    name: 'idle-20000',
    what: '20,000 members of one room on one gateway do nothing, heartbeats included',
    contestants: parley,
    run: (bench) => idleMembers(bench, 20_000),
  },
  ...[1, 10, 100, 1_000].map(inRooms),
  ...[100, 1_000, 10_000].map(withMembers),
  ...[1, 8, 32].map((count): Scenario => ({
    name: `gateways-${count}`,
    what: `as rooms-10, with ${count} gateway${count > 1 ? 's' : ''} registered, of which one has members`,
    contestants: parley,
    run: (bench) => gateways(bench, count),
  })),
  {
    name: 'backlog',
    what: '100,000 messages while no worker runs; then a worker, beside live rooms',
    contestants: parley,
    run: (bench) => backlog(bench, 100_000),
  },
];
