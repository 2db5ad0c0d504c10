import { JwtService } from '@nestjs/jwt';
import { logicRpc } from '@parley/contracts';
import { jwtSecret, refuse, startApiApp, type ApiApp } from '../api-app.fixture.js';
import { callsOf, forget, room, type Headers } from './v1-calls.fixture.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, get, post } = callsOf(() => api);

describe('bad input', () => {
  const cases: [string, string, Headers, number, string, string[] | undefined][] = [
    ['bad JSON', '{"name":', {}, 400, 'BAD_JSON', undefined],
    ['an array', '[]', {}, 400, 'INVALID', ['body']],
    ['null', 'null', {}, 400, 'INVALID', ['name']],
    ['a number', '7', {}, 400, 'INVALID', ['body']],
    ['nothing', '', {}, 400, 'INVALID', ['name']],
    ['a wrong type', '{"name":{"a":1}}', {}, 400, 'INVALID', ['name']],
    ['poison only', '{"__proto__":{"name":"x"}}', {}, 400, 'INVALID', ['name']],
    ['too much', JSON.stringify({ name: 'x'.repeat(70_000) }), {}, 413, 'PAYLOAD_TOO_LARGE', undefined],
    ['a text', 'name=x', { 'content-type': 'text/plain' }, 400, 'INVALID', ['Content-Type']],
    [
      'a form',
      'name=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      400,
      'INVALID',
      ['Content-Type'],
    ],
    ['an odd content type', '{}', { 'content-type': 'x' }, 400, 'INVALID', ['Content-Type']],
  ];
  it('a body of the largest size is read, one byte more is not', async () => {
    api.logic.on(logicRpc.createRoom, () => room);
    const body = (bytes: number) => JSON.stringify({ name: 'x' }).padEnd(bytes, ' ');
    expect((await post('/v1/rooms', body(65_536))).statusCode).toBe(201);
    expect((await post('/v1/rooms', body(65_537))).json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it.each(cases)('%s', async (_, body, headers, status, code, fields) => {
    const reply = await post('/v1/rooms', body, { ...bearer(), ...headers });
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.json()).toMatchObject({ status, code, ...(fields && { fields }) });
    expect(api.logic.calls).toEqual([]);
    expect(api.errors).toEqual([]);
  });

  it.each([
    ...['0', '-1', 'x', '1.5', '99999999999999999999', '1%00', '%F0%9F%98%80'],
    ...['01', '+1', '1e3', '0x1', '1.0', '%201', '9007199254740993', '%D9%A1'],
  ])('the id %s', async (id) => {
    const reply = await get(`/v1/rooms/${id}`);
    expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['id'] });
  });

  it('unknown paths and methods are problems too', async () => {
    for (const [method, url] of [
      ['GET', '/v1/nothing'],
      ['PUT', '/v1/rooms'],
      ['GET', '/'],
      ['GET', '/v1/rooms/..%2f..%2fetc'],
    ] as const) {
      const reply = await api.app.inject({ method, url, headers: bearer() });
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.statusCode).toBe(reply.json().status);
    }
    expect((await get('/v1/nothing')).json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('what breaks inside is reported, and the answer says nothing of it', async () => {
    api.logic.on(logicRpc.listRooms, () => {
      throw new Error('SELECT secret FROM users');
    });
    const reply = await get('/v1/rooms');
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('secret');
    expect(reply.json()).toMatchObject({ code: 'INTERNAL', retryable: true });
    expect(api.errors).toHaveLength(1);
  });

  it.each([
    ['UNAVAILABLE', 503],
    ['DEADLINE_EXCEEDED', 504],
    ['NAME_TAKEN', 409],
    ['IDEMPOTENCY_MISMATCH', 422],
    ['FORBIDDEN', 403],
  ] as const)('%s is %d', async (code, status) => {
    api.logic.on(logicRpc.listRooms, refuse(code));
    expect((await get('/v1/rooms')).json()).toMatchObject({ status, code });
  });
});

describe('tokens', () => {
  const none = 'Bearer realm="parley"';
  const refused = 'Bearer realm="parley", error="invalid_token"';
  const hs512 = () =>
    new JwtService({}).sign(
      { sub: '3', name: 'demo', role: 'user', sid: 's-3' },
      { secret: jwtSecret, algorithm: 'HS512', expiresIn: 60 },
    );
  const unsigned = () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: '1', name: 'x', role: 'admin', sid: 's', exp: 4e9 })}.`;
  };
  it.each<[string, () => Headers, string]>([
    ['missing', () => ({}), none],
    ['of another scheme', () => ({ authorization: `Basic ${api.token()}` }), refused],
    ['without a scheme', () => ({ authorization: api.token() }), refused],
    ['empty', () => ({ authorization: 'Bearer ' }), refused],
    ['followed by more', () => ({ authorization: `Bearer ${api.token()} x` }), refused],
    ['signed by somebody else', () => bearer(api.token({}, 'another-secret')), refused],
    ['signed with another algorithm', () => bearer(hs512()), refused],
    ['not signed at all', () => bearer(unsigned()), refused],
    ['expired', () => bearer(api.token({ exp: 1_000 })), refused],
    ['without our claims', () => bearer(api.token({ sub: 'x' })), refused],
    ['of no session', () => bearer(api.token({ sid: '' })), refused],
    ['enormous', () => bearer('a'.repeat(5_000)), refused],
  ])('%s', async (_, headers, challenge) => {
    const reply = await get('/v1/me', headers());
    expect(reply.statusCode).toBe(401);
    expect(reply.json().code).toBe('UNAUTHENTICATED');
    expect(reply.headers['www-authenticate']).toBe(challenge);
  });

  it('a session that was ended is told so, from that moment', async () => {
    expect((await get('/v1/me')).statusCode).toBe(200);
    api.revoked.add('s-3');
    expect((await get('/v1/me')).json()).toMatchObject({ status: 401, code: 'SESSION_REVOKED' });
    expect((await get('/v1/me', bearer(api.token({ sid: 'another' })))).statusCode).toBe(200);
  });

  it('the scheme’s name may be in any case', async () => {
    expect((await get('/v1/me', { authorization: `bearer ${api.token()}` })).statusCode).toBe(200);
  });
});
