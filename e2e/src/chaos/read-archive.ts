import type { ParleyApi } from '@parley/client';
import { Op, type HistoryPage } from '@parley/protocol';
import { eventually, type HistoryChecker } from '@parley/testing';
import { receiptOf } from './person.js';

const PAGE_TIMEOUT_MS = 30_000;

/** Reads a whole room page by page, as one more client: what history tells must be what everybody saw. */
export async function readArchive(
  api: () => ParleyApi,
  checker: HistoryChecker,
  roomId: number,
): Promise<void> {
  const clientId = 'history';
  const page = (after: number): Promise<HistoryPage> =>
    eventually(() => api().history(roomId, { after, limit: 200 }), {
      timeoutMs: PAGE_TIMEOUT_MS,
      message: `history of room ${roomId} after ${after}`,
    });
  let { epoch, messages, more } = await page(0);
  checker.joined({ clientId, roomId, seq: 0, epoch });
  for (;;) {
    for (const message of messages) {
      if (message.op === Op.event) continue;
      checker.received({ clientId, ...receiptOf(message), atMs: performance.now() });
    }
    const last = messages.at(-1);
    if (!more || !last) return;
    ({ epoch, messages, more } = await page(last.seq));
  }
}
