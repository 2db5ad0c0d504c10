import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParleyContestant } from '../contestants/parley.js';
import { AT_ONCE } from './publishing.js';
import type { Bench, Figures } from './scenario.js';

/** Longer than a heartbeat: what its first round leaves behind counts. */
const REST_MS = 35_000;

/** What a gateway opens beside its connections, amply: of more members some would find no place. */
const OTHER_FILES = 500;

/** Files that a process of this system may open. Linux; proc(5). */
const mostFiles = (): number =>
  Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);

/** Memory of a gateway before and after members have come, after garbage collection. */
export async function idleMembers({ contestant, load, shrink }: Bench, members: number): Promise<Figures> {
  if (!(contestant instanceof ParleyContestant)) throw new Error('only Parley tells its memory');
  const count = Math.min(Math.round(members / shrink), mostFiles() - OTHER_FILES);
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
