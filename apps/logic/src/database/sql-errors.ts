import { tlsProblem } from '@parley/config';
import { AppError } from '@parley/protocol';

interface DriverError {
  readonly code?: unknown;
  readonly message: string;
  readonly driverError?: unknown;
}

/** The driver's own error below TypeORM's `QueryFailedError`. */
function driverErrorOf(error: unknown): DriverError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { driverError } = error as DriverError;
  return driverError instanceof Error ? driverError : error;
}

/** The driver's code of a failure: an SQLSTATE, or a name of SQLite's; '' when it has none. */
export function sqlCodeOf(error: unknown): string {
  const code = driverErrorOf(error)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether a row was refused because of a unique column, index or primary key. */
export function isUniqueViolation(error: unknown): boolean {
  const code = sqlCodeOf(error);
  if (code === '23505') return true;
  return code === 'SQLITE_CONSTRAINT' && /UNIQUE/.test(driverErrorOf(error)?.message ?? '');
}

/** Whether Postgres chose this transaction to resolve a deadlock or a conflict: run again, it may succeed. */
export function isRetryable(error: unknown): boolean {
  return ['40P01', '40001'].includes(sqlCodeOf(error));
}

/** Whether another connection holds the SQLite database. */
export function isBusy(error: unknown): boolean {
  return ['SQLITE_BUSY', 'SQLITE_LOCKED'].includes(sqlCodeOf(error));
}

/** Postgres: data exceptions, constraints, what is too large, and what triggers raise. */
const rowCode = /^(22...|23...|54...|P0...|SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE))$/;

/** Whether a statement failed because of what was to be stored, by all that its code says. */
export function isRowRefused(error: unknown): boolean {
  return rowCode.test(sqlCodeOf(error));
}

/** SQLite: locked, full, failing or missing. Postgres: not reachable, shutting down, read-only, full, too slow. */
const unavailableCode =
  /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|PROTOCOL)|E[A-Z]+|08...|25006|53...|57P0.|57014|55P03|40P01|40001)$/;
/** pg reports these without a code. */
const unavailableMessage =
  /connection terminated|timeout|connection error|not queryable|pool after calling end/i;

/**
 * What a failed database call means to its caller.
 *
 * @returns The error itself when it says nothing about the database's health; else an `AppError` `UNAVAILABLE`.
 */
export function asAppError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = sqlCodeOf(error);
  const message = driverErrorOf(error)?.message ?? '';
  const unavailable =
    tlsProblem(driverErrorOf(error)) !== undefined ||
    (code === '' ? unavailableMessage.test(message) : unavailableCode.test(code));
  return unavailable ? new AppError('UNAVAILABLE', { cause: error }) : error;
}
