import { AppError } from '@parley/protocol';
import type { Logger } from 'pino';

/** One line per kind of error and interval, with a count: an outage must not fill the disk. Milliseconds. */
const REPEAT_INTERVAL_MS = 5_000;

/** Reports an error that is handled elsewhere; `where` is a constant. */
export type ErrorLog = (error: unknown, where: string) => void;

/** Makes an {@link ErrorLog} that writes at most one line per place and interval. */
export function throttledErrorLog(logger: Logger): ErrorLog {
  const last = new Map<string, { at: number; suppressed: number }>();
  return (error, where) => {
    const now = performance.now();
    const seen = last.get(where);
    if (seen && now - seen.at < REPEAT_INTERVAL_MS) {
      seen.suppressed++;
      return;
    }
    last.set(where, { at: now, suppressed: 0 });
    const code = error instanceof AppError ? error.code : undefined;
    const reason = error instanceof Error ? error.message : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
    logger.warn(
      {
        where,
        code,
        reason,
        cause,
        ...(error instanceof AppError && error.context),
        suppressed: seen?.suppressed || undefined,
      },
      'error',
    );
  };
}
