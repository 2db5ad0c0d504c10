import { ApiError } from '@parley/client';

/** Why somebody did not come in: an error's code, or words; and when trying again may help, milliseconds of `performance.now`. */
export type Refused = { readonly code: string; readonly againAtMs?: number } | { readonly text: string };

/** What of a failed call is told. @param nowMs - Monotonic. */
export function refusalOf(error: unknown, nowMs = performance.now()): Refused {
  if (!(error instanceof ApiError)) return { code: 'INTERNAL' };
  const { code, retryAfterMs } = error;
  return { code, ...(retryAfterMs !== undefined && { againAtMs: nowMs + retryAfterMs }) };
}

/** Whole seconds until trying again may help; 0 when it may now. */
export const secondsLeft = (againAtMs: number | undefined, nowMs: number): number =>
  againAtMs === undefined ? 0 : Math.max(0, Math.ceil((againAtMs - nowMs) / 1_000));
