import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { asAppError, isBusy, isRetryable, isRowRefused, isUniqueViolation, sqlCodeOf } from './sql-errors.js';

/** As TypeORM throws it: its own error around the driver's. */
const failed = (code: string | undefined, message = 'failed') =>
  Object.assign(new Error('query failed'), { driverError: Object.assign(new Error(message), { code }) });
const bare = (code: string, message = 'failed') => Object.assign(new Error(message), { code });

describe('sqlCodeOf', () => {
  it("is the driver's code, wrapped or not, and '' for what has none", () => {
    expect(sqlCodeOf(failed('23505'))).toBe('23505');
    expect(sqlCodeOf(bare('SQLITE_BUSY'))).toBe('SQLITE_BUSY');
    expect(sqlCodeOf(failed(undefined))).toBe('');
    expect(sqlCodeOf(Object.assign(new Error('x'), { code: 5 }))).toBe('');
    expect(sqlCodeOf('no error')).toBe('');
  });
});

describe('isUniqueViolation', () => {
  it.each([
    [failed('23505'), true],
    [failed('SQLITE_CONSTRAINT', 'UNIQUE constraint failed: users.name_key'), true],
    [failed('SQLITE_CONSTRAINT', 'NOT NULL constraint failed: users.name'), false],
    [failed('23502'), false],
    [failed('SQLITE_BUSY', 'UNIQUE'), false],
  ])('%#', (error, is) => expect(isUniqueViolation(error)).toBe(is));
});

describe('isRetryable and isBusy', () => {
  it.each(['40P01', '40001'])('%s may succeed when it is run again', (code) => {
    expect([isRetryable(failed(code)), isBusy(failed(code))]).toEqual([true, false]);
  });

  it.each(['SQLITE_BUSY', 'SQLITE_LOCKED'])('%s is held by another', (code) => {
    expect([isRetryable(failed(code)), isBusy(failed(code))]).toEqual([false, true]);
  });

  it('are not what a constraint says', () => {
    expect([isRetryable(failed('23505')), isBusy(failed('SQLITE_CONSTRAINT'))]).toEqual([false, false]);
  });
});

/** [code, its row was refused, the database is unavailable] */
const codes: [string, boolean, boolean][] = [
  ['22021', true, false],
  ['23514', true, false],
  ['54000', true, false],
  ['P0001', true, false],
  ['SQLITE_CONSTRAINT', true, false],
  ['SQLITE_TOOBIG', true, false],
  ['SQLITE_MISMATCH', true, false],
  ['SQLITE_RANGE', true, false],
  ['SQLITE_BUSY', false, true],
  ['SQLITE_LOCKED', false, true],
  ['SQLITE_FULL', false, true],
  ['SQLITE_IOERR', false, true],
  ['SQLITE_CANTOPEN', false, true],
  ['SQLITE_READONLY', false, true],
  ['SQLITE_PROTOCOL', false, true],
  ['ECONNREFUSED', false, true],
  ['08006', false, true],
  ['25006', false, true],
  ['53100', false, true],
  ['57P01', false, true],
  ['57014', false, true],
  ['55P03', false, true],
  ['40P01', false, true],
  ['40001', false, true],
  // A statement that is wrong, a table that is gone: neither.
  ['42601', false, false],
  ['42P01', false, false],
  ['SQLITE_ERROR', false, false],
];

describe('what a failure means', () => {
  it.each(codes)('%s', (code, isRow, isUnavailable) => {
    const error = failed(code);
    expect(isRowRefused(error)).toBe(isRow);
    const meant = asAppError(error);
    if (isUnavailable) expect(meant).toMatchObject({ code: 'UNAVAILABLE', cause: error });
    else expect(meant).toBe(error);
  });

  it.each([
    'Connection terminated unexpectedly',
    'timeout expired',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('is UNAVAILABLE when there is no code, by the message: %s', (message) => {
    expect(asAppError(failed(undefined, message))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is not judged by the message when there is a code, nor by another message', () => {
    const coded = failed('23505', 'timeout');
    expect(asAppError(coded)).toBe(coded);
    const other = new Error('cannot read properties of undefined');
    expect(asAppError(other)).toBe(other);
  });

  it('is what it says when it is of the catalogue', () => {
    const error = new AppError('ROOM_LIMIT');
    expect(asAppError(error)).toBe(error);
  });
});
