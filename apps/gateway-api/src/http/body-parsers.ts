import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';
import { isSeedRoute } from '../seed/seed-reply.js';

type Done = (error: Error | null, body?: unknown) => void;

/** Nothing at all is no body, not a mistake: the route's schema judges it. */
function parseJson(text: string, done: Done): void {
  let body: unknown;
  try {
    body = text.trim() === '' ? undefined : JSON.parse(text);
  } catch (cause) {
    return done(new AppError('BAD_JSON', { cause }));
  }
  done(null, body);
}

/**
 * JSON is the only body there is. gochat's server never looked at the content type, so on its routes anything is read
 * as JSON; that opens nothing, because identity is in the body there and not in a cookie.
 */
export function addBodyParsers(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const { bodyLimit } = fastify.initialConfig;
  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser('application/json', { bodyLimit }, (_request: FastifyRequest, body: Buffer, done: Done) =>
    parseJson(body.toString(), done),
  );
  app.useBodyParser('*', { bodyLimit }, ({ url }: FastifyRequest, body: Buffer, done: Done) => {
    if (body.length === 0) done(null, undefined);
    else if (isSeedRoute(url)) parseJson(body.toString(), done);
    else done(new AppError('INVALID', { fields: ['Content-Type'] }));
  });
}
