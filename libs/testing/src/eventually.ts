import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /** Longest time to keep trying, in ms; also cuts off an attempt that hangs. @defaultValue 10_000 */
  timeoutMs?: number;
  /** Pause between attempts, in ms. @defaultValue 20 */
  intervalMs?: number;
  /** What was waited for; put in front of the error. */
  message?: string;
}

// Bound when loaded, so that a test's fake clock does not stop the waiting.
const nowMs = performance.now.bind(performance);
const HUNG = Symbol('hung');

/**
 * Repeats an assertion until it passes. The only way a test waits for something.
 *
 * Always makes at least one attempt, and one after the last pause.
 *
 * @param assertion - Passes by returning or resolving (to anything, `false` included); fails by throwing.
 * @returns What the passing attempt returned.
 * @throws The last attempt's own error, its message extended by the time waited.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 20, message } = options;
  const startedMs = nowMs();
  for (let attempts = 1; ; attempts++) {
    const leftMs = Math.max(timeoutMs - (nowMs() - startedMs), intervalMs);
    const done = new AbortController();
    try {
      const hung = sleep(leftMs, HUNG, { signal: done.signal }).catch(() => HUNG);
      const result = await Promise.race([(async () => assertion())(), hung]);
      if (result === HUNG) throw new Error('the attempt did not finish');
      return result as T;
    } catch (error) {
      const waitedMs = Math.round(nowMs() - startedMs);
      if (waitedMs >= timeoutMs) throw describeFailure(error, message, waitedMs, attempts);
    } finally {
      done.abort();
    }
    await sleep(intervalMs);
  }
}

/** Keeps the error object, and with it the diff a test runner prints. */
function describeFailure(
  error: unknown,
  message: string | undefined,
  waitedMs: number,
  attempts: number,
): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  const subject = message ? `${message}: ` : '';
  failure.message = `${subject}${failure.message} (still failing after ${waitedMs} ms, ${attempts} attempts)`;
  return failure;
}
