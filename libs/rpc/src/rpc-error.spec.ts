import { AppError } from '@parley/protocol';
import { expect, it } from 'vitest';
import { decodeError, encodeError } from './rpc-error.js';

it('crosses with its code, and what may be known outside, only', () => {
  const error = new AppError('INVALID', {
    fields: ['a'],
    retryAfterMs: 0,
    context: { secret: 1 },
    cause: new Error('secret'),
  });
  expect(encodeError(error)).toEqual({ code: 'INVALID', fields: ['a'], retryAfterMs: 0 });
  expect(encodeError(new AppError('NOT_FOUND'))).toEqual({ code: 'NOT_FOUND' });
});

it('is the same error on the other side', () => {
  const decoded = decodeError({ code: 'RATE_LIMITED', fields: ['a', 'b'], retryAfterMs: 0 });
  expect(decoded).toBeInstanceOf(AppError);
  expect(decoded).toMatchObject({ code: 'RATE_LIMITED', fields: ['a', 'b'], retryAfterMs: 0 });
  expect(decodeError({ code: 'NOT_FOUND' })).toMatchObject({ fields: undefined, retryAfterMs: undefined });
});

it('stays what it is when it was made here', () => {
  const error = new AppError('UNAVAILABLE');
  expect(decodeError(error)).toBe(error);
});

it.each([
  null,
  'text',
  {},
  { code: 5 },
  { code: 'NO_SUCH_CODE' },
  { code: 'INVALID', fields: 'a' },
  new Error('x'),
])('is INTERNAL when it is none of the catalogue: %j', (err) => {
  expect(decodeError(err)).toMatchObject({ code: 'INTERNAL', cause: err });
});
