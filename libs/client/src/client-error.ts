import type { ErrorFrame } from '@parley/protocol';

/**
 * Why a join, a leave or a page of history failed.
 *
 * Codes are those of the error catalogue, and the client's own: `CLOSED` (by `close()`), `ENDED` (by a terminal
 * close code), `LEFT` (`leave()` overtook the join), `DISCONNECTED` and `NO_ANSWER` (both retryable).
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';

  /** @param frame - The server's refusal, when there was one. */
  constructor(
    readonly code: string,
    readonly retryable: boolean,
    readonly frame?: ErrorFrame,
  ) {
    super(frame?.message ?? code);
  }

  static fromFrame(frame: ErrorFrame): ClientError {
    return new ClientError(frame.code, frame.retryable, frame);
  }

  /** The least time to wait before trying again, milliseconds; undefined when the server named none. */
  get retryAfterMs(): number | undefined {
    return this.frame?.retryAfterMs;
  }
}
