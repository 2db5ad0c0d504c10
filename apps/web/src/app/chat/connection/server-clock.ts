import type { ParleyClient } from '@parley/client';
import type { ChatStore } from '../threads/chat-store.js';

/** A difference that nobody notices in a countdown, milliseconds. */
const NOTICED_MS = 1_000;

/**
 * Learns how far the server's clock is ahead of this device's: moments that the server names would come late else. A device that
 * is ahead is let be: what it tries too early is refused and says when.
 */
export function watchServerClock(
  client: Pick<ParleyClient, 'on'>,
  store: ChatStore,
  signal: AbortSignal,
): void {
  const saw = (sentAtMs: number) => {
    const aheadMs = sentAtMs - Date.now();
    if (aheadMs > store.get().serverAheadMs + NOTICED_MS) store.patch({ serverAheadMs: aheadMs });
  };
  const offs = [
    client.on('message', ({ sentAt }) => saw(sentAt)),
    client.on('event', ({ entry }) => saw(entry.sentAt)),
    client.on('acked', ({ sentAt }) => saw(sentAt)),
  ];
  signal.addEventListener('abort', () => offs.forEach((off) => off()));
}
