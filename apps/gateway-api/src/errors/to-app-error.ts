import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode } from '@parley/protocol';

/** What Fastify refuses by itself, and the field of the request that is to blame. */
const blamedFields: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Content-Type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'Content-Length',
  FST_ERR_BAD_URL: 'url',
};

const codesOfStatus: Partial<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
};

/** Nest's and Fastify's own errors in terms of the catalogue; whatever nobody foresaw is `INTERNAL`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  // Nest wraps Fastify's refusals; the original says more.
  const cause = thrown instanceof HttpException && thrown.cause !== undefined ? thrown.cause : thrown;
  if (cause instanceof AppError) return cause;
  const { code, statusCode } = (cause ?? {}) as { code?: unknown; statusCode?: unknown };
  const field = typeof code === 'string' ? blamedFields[code] : undefined;
  if (field) return new AppError('INVALID', { cause, fields: [field] });
  const status = thrown instanceof HttpException ? thrown.getStatus() : statusCode;
  if (typeof status !== 'number') return AppError.from(thrown);
  const known = codesOfStatus[status];
  if (known) return new AppError(known, { cause });
  return status >= 400 && status < 500 ? new AppError('INVALID', { cause }) : AppError.from(thrown);
}
