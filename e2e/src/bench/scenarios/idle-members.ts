import { setTimeout as sleep } from 'node:timers/promises';
import { ParleyContestant } from '../contestants/parley.js';
import { AT_ONCE } from './publishing.js';
import type { Bench, Figures } from './scenario.js';

/** Longer than a heartbeat: what its first round leaves behind counts. */
const REST_MS = 35_000;

/** Memory of a gateway before and after members have come, after garbage collection. */
export async function idleMembers({ contestant, load, shrink }: Bench, members: number): Promise<Figures> {
  if (!(contestant instanceof ParleyContestant)) throw new Error('only Parley tells its memory');
  const count = Math.round(members / shrink);
  const target = { ...contestant.target, sockets: contestant.target.sockets.slice(0, 1) };
  const rooms = await contestant.rooms(1);
  const before = await contestant.memoryOfGateway();
  const came = await load.run({ do: 'come', target, rooms, members: count, atOnce: AT_ONCE });
  await sleep(REST_MS / shrink);
  const after = await contestant.memoryOfGateway();
  await load.run({ do: 'go' });
  return {
    rssPerMember: (after.rss - before.rss) / came.joined,
    heapPerMember: (after.heapUsed + after.external - before.heapUsed - before.external) / came.joined,
    lost: count - came.joined,
    refused: came.refused,
  };
}
