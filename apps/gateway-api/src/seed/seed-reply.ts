import type { AppError } from '@parley/protocol';

/** gochat's result codes. */
const SUCCESS = 0;
const FAILURE = 1;
const SESSION_ERROR = 40_000;

/** gochat's answer; always with HTTP 200, its keys in this order. */
export interface SeedReply {
  readonly code: number;
  readonly data: unknown;
  readonly message: string;
}

export function seedSuccess(message: string, data: unknown = null): SeedReply {
  return { code: SUCCESS, data, message };
}

export function seedError(error: AppError): SeedReply {
  // Its clients know no field names, so the text has them.
  const fields = error.fields?.length ? ` (${error.fields.join(', ')})` : '';
  const isSession = error.code === 'UNAUTHENTICATED' || error.code === 'SESSION_REVOKED';
  return isSession
    ? { code: SESSION_ERROR, data: null, message: 'Session error' }
    : { code: FAILURE, data: null, message: error.message + fields };
}
