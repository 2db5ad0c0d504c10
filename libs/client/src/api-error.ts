import type { Problem } from '@parley/protocol';

/** Why an HTTP call failed. The only thing {@link ParleyApi} throws. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The least time to wait before trying again, milliseconds; undefined when the server named none. */
  readonly retryAfterMs: number | undefined;

  /**
   * @param status - HTTP status; 0 when no answer came.
   * @param code - Of the error catalogue; `NETWORK` when no answer came, `ORIGIN_DENIED` when the server is there, but the
   *   browser must not give this page its answers, `BAD_RESPONSE` when an answer could not be read.
   * @param retryable - The same request may succeed later. Sends need the same idempotency key.
   * @param problem - The server's problem document, when it sent one.
   * @param options - `retryAfterMs`: what a `Retry-After` header says; the problem document's own is more exact.
   */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly retryable: boolean,
    readonly problem?: Problem,
    options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(problem?.title ?? code, options);
    this.retryAfterMs = problem?.retryAfterMs ?? options.retryAfterMs;
  }
}
