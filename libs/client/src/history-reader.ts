import type { HistoryPage } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';

/** How often a page that was asked for while offline looks whether it can go out, milliseconds. */
const OFFLINE_POLL_MS = 250;

/** What the reader needs. */
export interface HistoryReaderPorts {
  closed(): boolean;
  ready(): boolean;
  /** One attempt; rejects with {@link ClientError}. */
  page(): Promise<HistoryPage>;
  sleep(delayMs: number): Promise<void>;
  readonly backoff: Backoff;
  readonly now: () => number;
  readonly deadlineMs: number;
}

/**
 * Reads one page, trying again while that can help.
 *
 * @throws {ClientError} A refusal that stands; the last retryable one once the deadline is over; `CLOSED`.
 */
export async function readPage(ports: HistoryReaderPorts): Promise<HistoryPage> {
  const deadlineAtMs = ports.now() + ports.deadlineMs;
  for (let failures = 0; ;) {
    if (ports.closed()) throw new ClientError('CLOSED', false);
    let delayMs = OFFLINE_POLL_MS;
    let failure = new ClientError('DISCONNECTED', true);
    if (ports.ready()) {
      try {
        return await ports.page();
      } catch (error) {
        if (!(error instanceof ClientError) || !error.retryable) throw error;
        failure = error;
        delayMs = ports.backoff(failures++, error.retryAfterMs);
      }
    }
    if (ports.now() + delayMs >= deadlineAtMs) throw failure;
    await ports.sleep(delayMs);
  }
}
