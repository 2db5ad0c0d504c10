import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HTTP_REQUESTS, installHttpMetrics } from '../http-metrics.js';
import { MetricsRegistry } from '../metrics.js';
import { installHttpTracing } from './http-tracing.js';
import { currentTraceparent, setTracer, type TraceSpan } from './tracer.js';

const theirs = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
let spans: string[] = [];

function fakeSpan(of: string, name: string): TraceSpan {
  return {
    traceparent: of,
    isOver: false,
    end: (error, more) =>
      void spans.push([of, name, error ?? 'ok', more?.['http.response.status_code']].join(' ')),
  };
}

function app(trusts = false): FastifyInstance {
  const server = fastify();
  installHttpTracing(server, () => trusts);
  server.get('/rooms/:id', async () => currentTraceparent() ?? 'none');
  server.get('/health/live', async () => 'live');
  server.get('/broken', async () => {
    throw new Error('a text that nobody may see');
  });
  return server;
}

describe('HTTP requests', () => {
  beforeEach(() => {
    spans = [];
    setTracer({
      root: (name) => fakeSpan('root', name),
      child: (name, _kind, parent) => (parent === theirs ? fakeSpan(parent, name) : undefined),
    });
  });
  afterEach(() => setTracer(undefined));

  it('are spans by their route, and their handlers run in them', async () => {
    const server = app();
    expect((await server.inject('/rooms/7?secret=1')).body).toBe('root');
    await server.inject('/broken');
    expect(spans).toEqual(['root GET /rooms/:id ok 200', 'root GET /broken 500 500']);
  });

  it.each(['/health/live', '/nothing', '/nothing?x=/rooms/7'])('to %s are none', async (url) => {
    await app().inject(url);
    expect(spans).toEqual([]);
  });

  it('go on with the trace of a proxy that is trusted, and of nobody else', async () => {
    for (const [trusts, traceparent, expected] of [
      [true, theirs, theirs],
      [false, theirs, 'root'],
      [true, 'no traceparent', 'root'],
    ] as const) {
      const { body } = await app(trusts).inject({ url: '/rooms/7', headers: { traceparent } });
      expect(body, `${trusts} ${traceparent}`).toBe(expected);
    }
  });

  it('are looked at by nobody while tracing is off', async () => {
    setTracer(undefined);
    const server = app(true);
    expect((await server.inject({ url: '/rooms/7', headers: { traceparent: theirs } })).body).toBe('none');
    expect(spans).toEqual([]);
  });
});

it('HTTP requests are measured by route and class of status; what nobody serves is one route', async () => {
  const registry = new MetricsRegistry();
  const server = fastify();
  installHttpMetrics(server, () => registry.durations(HTTP_REQUESTS));
  server.get('/rooms/:id', async () => 'ok');
  for (const url of ['/rooms/7', '/rooms/8?x=1', '/a', '/b', '/rooms/7/x']) await server.inject(url);
  const text = await registry.metrics();
  expect(text).toContain('parley_http_request_seconds_count{route="/rooms/:id",status="2xx"} 2');
  expect(text).toContain('parley_http_request_seconds_count{route="none",status="4xx"} 3');
  expect(text.match(/parley_http_request_seconds_count/g)).toHaveLength(2);
});
