import { describe, expect, it } from 'vitest';
import { mayReconnect } from '../close-codes.js';
import { AppError } from './app-error.js';
import { errorCatalog, isErrorCode, type ErrorCode, type ErrorSpec } from './error-catalog.js';

const entries = Object.entries(errorCatalog) as [ErrorCode, ErrorSpec][];

describe('errorCatalog', () => {
  it.each(entries)('%s has a status, a text, and a close code that agrees with retryable', (_code, spec) => {
    expect(spec.httpStatus).toBeGreaterThanOrEqual(400);
    expect(spec.httpStatus).toBeLessThan(600);
    expect(spec.message).toMatch(/^[A-Z].*\.$/);
    if (spec.httpStatus >= 500) expect(spec.retryable).toBe(true);
    if (spec.closeCode !== undefined) expect(mayReconnect(spec.closeCode)).toBe(spec.retryable);
  });

  it('knows its own codes only', () => {
    expect(isErrorCode('INVALID')).toBe(true);
    for (const other of ['invalid', '', 'toString', '__proto__', 5, null, undefined])
      expect(isErrorCode(other)).toBe(false);
  });
});

describe('AppError', () => {
  it('has the text of the catalogue', () => {
    const error = new AppError('INVALID', { fields: ['msg'], context: { roomId: 1 } });
    expect(error).toMatchObject({ code: 'INVALID', message: errorCatalog.INVALID.message, fields: ['msg'] });
    expect(error.spec).toBe(errorCatalog.INVALID);
  });

  it('wraps what is none, and only that', () => {
    const own = new AppError('FORBIDDEN');
    expect(AppError.from(own)).toBe(own);
    const cause = new Error('internals');
    const wrapped = AppError.from(cause);
    expect(wrapped).toMatchObject({ code: 'INTERNAL', cause });
    expect(wrapped.message).not.toContain('internals');
  });
});
