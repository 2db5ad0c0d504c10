import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { AppError, type ErrorCode } from '@parley/protocol';
import { currentCorrelationId, type ErrorLog } from '@parley/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSeedRoute, seedError } from '../seed/seed-reply.js';

/** Injection token of the process's error log. */
export const ERROR_LOG = Symbol('ERROR_LOG');

const codesOfStatus: Partial<Record<number, ErrorCode>> = {
  404: 'NOT_FOUND',
  405: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'BAD_JSON',
};

/** Turns every error into this edge's form: problem details, or gochat's `{code, data, message}` on its routes. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  constructor(@Inject(ERROR_LOG) private readonly log: ErrorLog) {}

  catch(cause: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = appErrorOf(cause);
    if (error.code === 'INTERNAL') this.log(cause, 'http');
    if (isSeedRoute(request.url)) return void reply.status(200).send(seedError(error));
    if (cause instanceof HttpException && cause.getStatus() === 503)
      return void reply.status(503).send(cause.getResponse());
    void reply
      .status(error.spec.httpStatus)
      .headers(headersOf(error))
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error)));
  }
}

/** Nest's and Fastify's own errors in terms of the catalogue. */
function appErrorOf(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const status =
    cause instanceof HttpException
      ? cause.getStatus()
      : (cause as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status !== 'number' || status >= 500) return AppError.from(cause);
  return new AppError(codesOfStatus[status] ?? 'BAD_JSON', { cause });
}

/** @see RFC 9457, section 3 */
function problemOf(error: AppError): Record<string, unknown> {
  return {
    type: `urn:parley:error:${error.code.toLowerCase()}`,
    title: error.message,
    status: error.spec.httpStatus,
    code: error.code,
    retryable: error.spec.retryable,
    fields: error.fields,
    retryAfterMs: error.retryAfterMs,
    requestId: currentCorrelationId(),
  };
}

function headersOf(error: AppError): Record<string, string> {
  return {
    ...(error.spec.httpStatus === 401 && { 'www-authenticate': 'Bearer' }),
    ...(error.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(error.retryAfterMs / 1_000)) }),
  };
}
