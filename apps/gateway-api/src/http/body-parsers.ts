import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError, parseJson } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';
import { isSeedRoute } from './seed-route.js';

type Done = (error: Error | null, body?: unknown) => void;

/**
 * A byte order mark in front is dropped, as RFC 8259, section 8.1 allows. Any other byte that is no UTF-8 is an error:
 * replaced by U+FFFD, two different texts would be one.
 */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Nothing at all is no body, not a mistake: the route's schema judges it. */
function readJson(bytes: Buffer, done: Done): void {
  let body: unknown;
  try {
    const text = utf8.decode(bytes);
    body = /\S/.test(text) ? parseJson(text) : undefined;
  } catch (cause) {
    return done(new AppError('BAD_JSON', { cause }));
  }
  done(null, body);
}

/** Whether a content type leaves the body in UTF-8, of which ASCII is a part. */
function isUtf8(contentType = ''): boolean {
  if (!contentType.includes(';')) return true;
  const charsets = contentType.matchAll(/;\s*charset\s*=\s*"?([^\s;"]*)/gi);
  return [...charsets].every(([, name = '']) => /^(utf-?8|us-ascii)$/i.test(name));
}

/**
 * JSON in UTF-8 is the only body there is. gochat's server never looked at the content type, so on its routes anything is
 * read as JSON; that opens nothing, because identity is in the body there and not in a cookie.
 */
export function addBodyParsers(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const { bodyLimit } = fastify.initialConfig;
  const refused = () => new AppError('INVALID', { fields: ['Content-Type'] });
  const read = (request: FastifyRequest, bytes: Buffer, done: Done) =>
    isUtf8(request.headers['content-type']) ? readJson(bytes, done) : done(refused());
  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser('application/json', { bodyLimit }, read);
  app.useBodyParser('*', { bodyLimit }, (request: FastifyRequest, bytes: Buffer, done: Done) => {
    if (bytes.length === 0) done(null, undefined);
    else if (isSeedRoute(request.url)) read(request, bytes, done);
    else done(refused());
  });
}
