import type { Logger } from 'pino';

/** A key that was written is not written again for so long. Milliseconds. */
const QUIET_MS = 10 * 60_000;
/** Lines in that time, and keys remembered: strangers make the keys up, and must not fill the disk. Judgement. */
const MAX_KEYS = 100;

/** Says that a stranger met something that a setting decides. */
export type NoticeLog = (message: string, key: string, fields: Readonly<Record<string, unknown>>) => void;

/**
 * Makes a {@link NoticeLog}: one warning for each message and key in ten minutes, a hundred at most. How many more
 * there were stands on the next line as `suppressed`.
 */
export function noticeLog(logger: Pick<Logger, 'warn'>): NoticeLog {
  /** When each was written, the oldest first. */
  const written = new Map<string, number>();
  let suppressed = 0;
  return (message, key, fields) => {
    const now = performance.now();
    for (const [other, at] of written) {
      if (now - at < QUIET_MS) break;
      written.delete(other);
    }
    const id = `${message} ${key}`;
    if (written.has(id)) return;
    if (written.size >= MAX_KEYS) return void suppressed++;
    written.set(id, now);
    logger.warn({ ...fields, suppressed: suppressed || undefined }, message);
    suppressed = 0;
  };
}
