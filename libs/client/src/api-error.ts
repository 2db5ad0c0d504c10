import type { Problem } from '@parley/protocol';

/** Why an HTTP call failed. The only thing {@link ParleyApi} throws. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  /**
   * @param status - HTTP status; 0 when no answer came.
   * @param code - Of the error catalogue; `NETWORK` when no answer came, `ORIGIN_DENIED` when the server is there, but the
   *   browser must not give this page its answers, `BAD_RESPONSE` when an answer could not be read.
   * @param retryable - The same request may succeed later. Sends need the same idempotency key.
   * @param problem - The server's problem document, when it sent one.
   */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly retryable: boolean,
    readonly problem?: Problem,
    options?: ErrorOptions,
  ) {
    super(problem?.title ?? code, options);
  }
}
