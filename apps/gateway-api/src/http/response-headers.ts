import { cameOverTls, currentCorrelationId } from '@parley/observability';
import type { FastifyInstance } from 'fastify';

/** Swagger UI's own files and inline styles; everything else here is data. */
const docsPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // Answers hold tokens and messages.
  'cache-control': 'no-store',
};

/** Half a year. Only in prod: it holds for all ports of a host, and on a developer's for other programs, too. */
const hsts = { 'strict-transport-security': 'max-age=15552000' };

/** Sets security headers and `x-request-id` on every answer, refusals included. */
export function addResponseHeaders(fastify: FastifyInstance, env: 'dev' | 'prod'): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (env === 'prod' && cameOverTls(request)) reply.headers(hsts);
    reply.headers(headers).header('x-request-id', currentCorrelationId() ?? request.id);
    // A page that may not call can still see that somebody is here, and say so.
    if (request.url === '/health/live') reply.header('cross-origin-resource-policy', 'cross-origin');
    if (/^\/docs(?![^/?])/.test(request.url)) reply.header('content-security-policy', docsPolicy);
    done();
  });
}
