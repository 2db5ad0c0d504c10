import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { parseAddress } from '@parley/config';
import { installHttpTracing, type NoticeLog } from '@parley/observability';
import { trustedProxies, VERSION, type OriginGate } from '@parley/service-host';
import type { FastifyRequest } from 'fastify';
import { Admission } from './auth/admission.js';
import { setupDocs } from './docs/setup-docs.js';
import { addBodyParsers } from './http/body-parsers.js';
import { addCallerAddress } from './http/caller-address.js';
import { addResponseHeaders } from './http/response-headers.js';

/** What of the config the HTTP edge needs before it listens. */
export interface HttpOptions {
  readonly env: 'dev' | 'prod';
  readonly trustProxy: readonly string[];
  readonly gate: OriginGate;
  readonly notice: NoticeLog;
}

type CorsAnswer = (error: null, options: object) => void;

/** How long a browser may remember a preflight's answer, seconds. */
const PREFLIGHT_MAX_AGE_S = 600;

/** Everything about HTTP that is not a route: headers, bodies, CORS, the limit per address, the docs. */
export function configureHttp(
  app: NestFastifyApplication,
  { env, trustProxy, gate, notice }: HttpOptions,
): void {
  const fastify = app.getHttpAdapter().getInstance();
  const admission = app.get(Admission);
  addResponseHeaders(fastify, env);
  addBodyParsers(app);
  addCallerAddress(fastify, trustProxy, notice);
  const trusted = trustedProxies(trustProxy);
  installHttpTracing(fastify, ({ raw }) => {
    const peer = parseAddress(raw.socket.remoteAddress ?? '');
    return peer !== undefined && trusted(peer);
  });
  // Behind CORS, whose hook answers preflights and puts its headers on refusals too; before the body is read.
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    admission.beforeBody(request);
    done(null, payload);
  });
  const cors = {
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id'],
    // By its date whoever calls can tell how wrong his own clock is.
    exposedHeaders: ['x-request-id', 'retry-after', 'date'],
    maxAge: PREFLIGHT_MAX_AGE_S,
  };
  const closed = { ...cors, origin: false };
  app.enableCors({
    delegator: ({ headers: { origin, host } }: FastifyRequest, answer: CorsAnswer) =>
      answer(null, origin !== undefined && gate.allows(origin, host) ? { ...cors, origin } : closed),
  });
  setupDocs(app, VERSION);
}
