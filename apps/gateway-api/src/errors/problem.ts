import type { AppError, Problem } from '@parley/protocol';

/**
 * The problem document of an error: what the catalogue says about its code, and nothing of its cause or context.
 *
 * @see RFC 9457, section 3
 */
export function problemOf(error: AppError, requestId: string): Problem {
  return {
    type: `urn:parley:error:${error.code.toLowerCase()}`,
    title: error.message,
    status: error.spec.httpStatus,
    code: error.code,
    retryable: error.spec.retryable,
    ...(error.fields && { fields: [...error.fields] }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(error.until !== undefined && { until: error.until }),
    requestId,
  };
}
