import { errorCatalog, type ErrorCode, type ErrorSpec } from './error-catalog.js';

/** Details of an {@link AppError}; `context` goes to logs, `fields` and `retryAfterMs` to the client. */
export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Ids and numbers for the log. Never a token, a password or a message text. */
  readonly context?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Names of the offending fields, for `INVALID`. */
  readonly fields?: readonly string[];
  /** For `RATE_LIMITED` and `OVERLOADED`: when to try again, milliseconds. */
  readonly retryAfterMs?: number;
  /** For what holds until a moment: milliseconds since 1970. */
  readonly until?: number;
}

/** The only error thrown across a module boundary. Each edge maps it once to its own form. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly context: AppErrorOptions['context'];
  readonly fields: readonly string[] | undefined;
  readonly retryAfterMs: number | undefined;
  readonly until: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(errorCatalog[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.context = options.context;
    this.fields = options.fields;
    this.retryAfterMs = options.retryAfterMs;
    this.until = options.until;
  }

  /** The catalogue entry of this error's code. */
  get spec(): ErrorSpec {
    return errorCatalog[this.code];
  }

  /** The error itself when it is an `AppError`, else `INTERNAL` with the original as cause. */
  static from(error: unknown): AppError {
    return error instanceof AppError ? error : new AppError('INTERNAL', { cause: error });
  }
}
