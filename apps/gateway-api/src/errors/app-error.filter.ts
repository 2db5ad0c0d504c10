import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { MetricsRegistry, type ErrorLog } from '@parley/observability';
import type { AppError } from '@parley/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSeedRoute } from '../http/seed-route.js';
import { seedError } from '../seed/seed-reply.js';
import { problemOf } from './problem.js';
import { toAppError } from './to-app-error.js';

/** Injection token of the process's error log. */
export const ERROR_LOG = Symbol('ERROR_LOG');

/** Turns every error into this edge's form: problem details, or gochat's `{code, data, message}` on its routes. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  private readonly refusals;

  constructor(
    @Inject(ERROR_LOG) private readonly log: ErrorLog,
    @Inject(MetricsRegistry) registry: MetricsRegistry,
  ) {
    this.refusals = registry.counter({
      name: 'parley_refusals_total',
      help: 'Requests refused, by code',
      labelNames: ['code'],
    });
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toAppError(thrown);
    this.refusals.inc({ code: error.code });
    if (error.code === 'INTERNAL') this.log(error.cause ?? error, 'http');
    // The answer has begun, or its reader has gone: there is nobody to tell.
    if (reply.sent) return;
    if (error.retryAfterMs !== undefined)
      void reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1_000)));
    if (isSeedRoute(request.url)) return void reply.status(200).send(seedError(error));
    const { httpStatus } = error.spec;
    if (httpStatus === 401) void reply.header('www-authenticate', challenge(error, request));
    // The id that the reply's header has: outside a handler the correlation context may be that of the socket.
    const requestId = String(reply.getHeader('x-request-id') ?? request.id);
    void reply
      .status(httpStatus)
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(problemOf(error, requestId)));
  }
}

/** @see RFC 6750, section 3: it says what is wrong only with a token that was given */
function challenge({ code }: AppError, { headers }: FastifyRequest): string {
  const refused = code !== 'BAD_CREDENTIALS' && headers.authorization !== undefined;
  return refused ? 'Bearer realm="parley", error="invalid_token"' : 'Bearer realm="parley"';
}
