import type { FastifyInstance, FastifyRequest } from 'fastify';
import { runInSpan, tracer, type TraceSpan } from './tracer.js';

/** Asked by machines, again and again. */
const untraced = /^\/(health|metrics|docs)\b/;

/**
 * Makes a span of each HTTP request whose turn it is, named by its route: addresses hold ids of rooms and people. Does nothing
 * while tracing is off.
 *
 * @param trusts - Whether the peer's word on a trace counts: a proxy of ours. A stranger could have all requests recorded.
 */
export function installHttpTracing(
  fastify: FastifyInstance,
  trusts: (request: FastifyRequest) => boolean,
): void {
  if (!tracer()) return;
  const spans = new WeakMap<FastifyRequest, TraceSpan>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const span = begin(request, trusts);
    if (!span) return done();
    spans.set(request, span);
    runInSpan(span, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const error = statusCode >= 500 ? String(statusCode) : undefined;
    spans.get(request)?.end(error, { 'http.response.status_code': statusCode });
    done();
  });
}

function begin(request: FastifyRequest, trusts: (request: FastifyRequest) => boolean): TraceSpan | undefined {
  const { url } = request.routeOptions;
  if (url === undefined || request.is404 || untraced.test(url)) return undefined;
  const name = `${request.method} ${url}`;
  const attributes = { 'http.request.method': request.method, 'http.route': url };
  const { traceparent } = request.headers;
  const given =
    typeof traceparent === 'string' && trusts(request)
      ? tracer()?.child(name, 'server', traceparent, attributes)
      : undefined;
  return given ?? tracer()?.root(name, 'server', attributes);
}
