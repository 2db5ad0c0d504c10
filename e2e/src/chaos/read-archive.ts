import type { ParleyApi } from '@parley/client';
import {
  factChanges,
  Op,
  readEvent,
  sharedStateOf,
  withChanges,
  type HistoryPage,
  type RoomFacts,
} from '@parley/protocol';
import { eventually, type HistoryChecker } from '@parley/testing';
import { statesOf } from './act-effects.js';
import { receiptOf } from './person.js';

const PAGE_TIMEOUT_MS = 30_000;

/**
 * Reads a whole room page by page, as one more client: what history tells must be what everybody saw, and what its acts add up to
 * how the room stands.
 *
 * @param ownerId - Who made the room, with no act.
 */
export async function readArchive(
  api: () => ParleyApi,
  checker: HistoryChecker,
  roomId: number,
  ownerId: number,
  hosts: readonly number[],
): Promise<void> {
  const clientId = 'history';
  let facts: RoomFacts = new Map([[`r${ownerId}`, 'owner']]);
  let readFromMs = performance.now();
  const page = (after: number): Promise<HistoryPage> =>
    eventually(() => api().history(roomId, { after, limit: 200 }), {
      timeoutMs: PAGE_TIMEOUT_MS,
      message: `history of room ${roomId} after ${after}`,
    });
  let { epoch, messages, more } = await page(0);
  checker.joined({ clientId, roomId, seq: 0, epoch });
  for (;;) {
    for (const message of messages) {
      const event = message.op === Op.event ? readEvent(message) : undefined;
      if (event) facts = withChanges(facts, factChanges(event));
      checker.received({ clientId, ...receiptOf(message, hosts), readFromMs, atMs: performance.now() });
    }
    const last = messages.at(-1);
    if (!more || !last) break;
    readFromMs = performance.now();
    ({ epoch, messages, more } = await page(last.seq));
  }
  for (const one of statesOf(sharedStateOf(facts))) checker.stands({ clientId, roomId, ...one });
}
