import { logicRpc } from '@parley/contracts';
import { currentCorrelationId } from '@parley/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricsToken, sessionOf, startApiApp, type ApiApp } from '../api-app.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());

const preflight = (app: ApiApp, origin: string) =>
  app.app.inject({
    method: 'OPTIONS',
    url: '/push/pushRoom',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
const me = (app: ApiApp, origin: string, token = app.token()) =>
  app.app.inject({ method: 'GET', url: '/v1/me', headers: { origin, authorization: `Bearer ${token}` } });

describe('CORS', () => {
  it.each([
    'http://localhost:3000',
    'https://localhost',
    'http://127.0.0.1:8080',
    'http://127.9.9.9:1',
    'http://[::1]:5173',
  ])('in dev, %s may call', async (origin) => {
    const reply = await preflight(api, origin);
    expect(reply.statusCode).toBe(204);
    expect(reply.headers['access-control-allow-origin']).toBe(origin);
    expect(reply.headers['access-control-allow-headers']).toContain('idempotency-key');
    expect(reply.headers['access-control-max-age']).toBe('600');
    expect(reply.headers['vary']).toContain('Origin');
    const answer = await me(api, origin);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toContain('x-request-id');
    expect(answer.headers['access-control-expose-headers']).toContain('date');
    expect(Date.parse(String(answer.headers['date']))).toBeGreaterThan(0);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  // PATCH was not: in a browser no room could be made private, and no guest renamed.
  it('every method that a route has is allowed', async () => {
    const reply = await preflight(api, 'http://localhost:3000');
    const allowed = String(reply.headers['access-control-allow-methods']).split(', ');
    const methods = new Set(api.routes.map(({ method }) => method));
    expect(methods).toContain('PATCH');
    // The preflight itself, and what needs none.
    for (const method of ['OPTIONS', 'HEAD']) methods.delete(method);
    expect([...methods].filter((method) => !allowed.includes(method))).toEqual([]);
  });

  it.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://evil.example#localhost',
    'file://',
    'null',
    'nonsense',
  ])('in dev, %s may not', async (origin) => {
    for (const reply of [await preflight(api, origin), await me(api, origin)]) {
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
      expect(reply.headers['vary']).toContain('Origin');
    }
  });

  // The page is told nothing by its browser, and nobody else was told either.
  it('whoever runs it is told of pages that may not call, and of no others', async () => {
    const told = await startApiApp();
    try {
      for (const origin of ['http://192.168.1.9:8080', 'http://localhost:8080'])
        for (const ask of [preflight, me]) await ask(told, origin);
      await told.app.inject({
        url: '/docs',
        headers: { host: 'api.example', origin: 'https://api.example' },
      });
      await told.app.inject({ url: '/v1/me' });
      const line = {
        message: 'origin refused',
        origin: 'http://192.168.1.9:8080',
        setting: 'PARLEY_ORIGINS',
      };
      expect(told.notices).toEqual([line, line]);
    } finally {
      await told.close();
    }
  });

  it('refusals carry the headers too, or the page could not read them', async () => {
    const origin = 'http://localhost:3000';
    const unauthenticated = await me(api, origin, 'nonsense');
    expect(unauthenticated.statusCode).toBe(401);
    const badJson = await api.app.inject({
      method: 'POST',
      url: '/v1/login',
      payload: '{',
      headers: { origin, 'content-type': 'application/json' },
    });
    expect(badJson.statusCode).toBe(400);
    for (const reply of [unauthenticated, badJson])
      expect(reply.headers['access-control-allow-origin']).toBe(origin);
  });

  it('in prod, those listed and nobody else', async () => {
    const prod = await startApiApp({ env: 'prod', origins: ['https://chat.example.org'] });
    try {
      const listed = await preflight(prod, 'https://chat.example.org');
      expect(listed.headers['access-control-allow-origin']).toBe('https://chat.example.org');
      for (const origin of ['http://localhost:3000', 'https://chat.example.org.evil.example']) {
        expect((await me(prod, origin)).headers['access-control-allow-origin']).toBeUndefined();
      }
    } finally {
      await prod.close();
    }
  });
});

describe('headers', () => {
  it('ask for TLS in prod, of who came over it', async () => {
    const prod = await startApiApp({ env: 'prod', origins: [] });
    const hsts = async (app: ApiApp, proto?: string) => {
      const headers = proto === undefined ? {} : { 'x-forwarded-proto': proto };
      const answer = await app.app.inject({ method: 'GET', url: '/v1/me', headers });
      return answer.headers['strict-transport-security'];
    };
    try {
      expect(await hsts(prod, 'https')).toBe('max-age=15552000');
      expect(await hsts(prod, 'http')).toBeUndefined();
      expect(await hsts(prod)).toBeUndefined();
      expect(await hsts(api, 'https')).toBeUndefined();
    } finally {
      await prod.close();
    }
  });

  // Fastify refused it by itself: no problem document, no headers, and the address in the text.
  it('a part of an address is judged as one, however long it is', async () => {
    const answer = await api.app.inject({
      url: `/v1/rooms/${'9'.repeat(9_000)}`,
      headers: { authorization: `Bearer ${api.token()}` },
    });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { code: 'INVALID', fields: ['id'] }]);
  });

  it.each(['/v1/me', '/nothing', '/docs-json'])('%s is sealed', async (url) => {
    const { headers } = await api.app.inject({ method: 'GET', url });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('a request id goes from the caller to logic and back; one that is malformed is replaced', async () => {
    let seen: string | undefined;
    api.logic.on(logicRpc.login, () => {
      seen = currentCorrelationId();
      return sessionOf('t');
    });
    const login = (id: string) =>
      api.app.inject({
        method: 'POST',
        url: '/v1/login',
        payload: { userName: 'demo', password: 'x' },
        headers: { 'x-request-id': id },
      });
    expect((await login('my-request-1')).headers['x-request-id']).toBe('my-request-1');
    expect(seen).toBe('my-request-1');
    const replaced = (await login('<script>')).headers['x-request-id'];
    expect(replaced).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen).toBe(replaced);
  });
});

describe('health and metrics', () => {
  it('are there without an account', async () => {
    expect((await api.app.inject('/health/live')).statusCode).toBe(200);
    expect((await api.app.inject('/health/ready')).statusCode).toBe(503);
    // It was open to the world.
    for (const headers of [{}, { authorization: `Bearer ${api.token()}` }]) {
      const stranger = await api.app.inject({ url: '/metrics', headers, remoteAddress: '127.0.0.1' });
      expect(stranger.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    }
    const headers = { authorization: `Bearer ${metricsToken}` };
    expect((await api.app.inject({ url: '/metrics', headers })).body).toContain('process_cpu');
  });
});
