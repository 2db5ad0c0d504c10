import { JwtService } from '@nestjs/jwt';
import { logicRpc } from '@parley/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ackOf, jwtSecret, refuse, sessionOf, startApiApp, type ApiApp } from '../api-app.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => {
  api.logic.calls.length = 0;
  api.errors.length = 0;
  api.revoked.clear();
});

type Headers = Record<string, string>;
const bearer = (token = api.token()): Headers => ({ authorization: `Bearer ${token}` });
const get = (url: string, headers = bearer()) => api.app.inject({ method: 'GET', url, headers });
const post = (url: string, payload?: string | object, headers = bearer()) =>
  api.app.inject({
    method: 'POST',
    url,
    ...(payload !== undefined && { payload }),
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
  });
const room = { roomId: 1, name: 'Lobby', kind: 'room' as const, online: 2 };

describe('sessions', () => {
  it('register answers 201 with a session', async () => {
    api.logic.on(logicRpc.register, () => sessionOf('t'));
    const reply = await post('/v1/register', { userName: ' anna ', password: '111111' }, {});
    expect(reply.statusCode).toBe(201);
    expect(reply.json()).toEqual(sessionOf('t'));
    expect(api.logic.calls[0]?.request).toEqual({ userName: 'anna', password: '111111' });
  });

  it('log in answers 200, or 401 with a challenge', async () => {
    api.logic.on(logicRpc.login, () => sessionOf('t'));
    const reply = await post('/v1/login', { userName: 'demo', password: '111111' }, {});
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual(sessionOf('t'));
    api.logic.on(logicRpc.login, refuse('BAD_CREDENTIALS'));
    const wrong = await post('/v1/login', { userName: 'demo', password: 'x' }, {});
    expect(wrong.statusCode).toBe(401);
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="parley"');
    expect(wrong.json()).toMatchObject({ code: 'BAD_CREDENTIALS', status: 401, retryable: false });
  });

  it('log out answers 204, with and without a content type', async () => {
    api.logic.on(logicRpc.logout, () => ({}));
    const reply = await post('/v1/logout');
    expect([reply.statusCode, reply.body]).toEqual([204, '']);
    // Many clients send the content type on every request: an empty body with it is no bad JSON.
    expect((await post('/v1/logout', '')).statusCode).toBe(204);
    expect(api.logic.calls[0]?.request).toMatchObject({ userId: 3, sessionId: 's-3' });
  });

  it('me answers from the token alone', async () => {
    expect((await get('/v1/me')).json()).toEqual({ userId: 3, userName: 'demo', role: 'user' });
    expect(api.logic.calls).toEqual([]);
  });
});

describe('rooms', () => {
  it('list, create, get, members, conversations', async () => {
    const members = { count: 1, members: [{ userId: 3, userName: 'demo' }] };
    const conversations = { conversations: [{ roomId: 9, peer: { userId: 4, userName: 'demo1' }, head: 7 }] };
    api.logic
      .on(logicRpc.listRooms, () => ({ rooms: [room] }))
      .on(logicRpc.createRoom, ({ name }) => ({ ...room, name }))
      .on(logicRpc.getRoom, () => room)
      .on(logicRpc.listMembers, () => members)
      .on(logicRpc.listConversations, () => conversations);
    expect((await get('/v1/rooms')).json()).toEqual({ rooms: [room] });
    const created = await post('/v1/rooms', { name: ' Maths ' });
    expect([created.statusCode, created.json()]).toEqual([201, { ...room, name: 'Maths' }]);
    expect((await get('/v1/rooms/1')).json()).toEqual(room);
    expect((await get('/v1/rooms/1/members')).json()).toEqual(members);
    expect((await get('/v1/conversations')).json()).toEqual(conversations);
    expect(api.logic.calls.map(({ request }) => request)).toEqual([
      { userId: 3 },
      { userId: 3, name: 'Maths' },
      { userId: 3, roomId: 1 },
      { userId: 3, roomId: 1 },
      { userId: 3 },
    ]);
  });

  it('answers what logic refuses as a problem document', async () => {
    api.logic.on(logicRpc.getRoom, refuse('ROOM_NOT_FOUND', { context: { roomId: 7 } }));
    const reply = await get('/v1/rooms/7');
    expect(reply.statusCode).toBe(404);
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(reply.json()).toEqual({
      type: 'urn:parley:error:room_not_found',
      title: 'This room does not exist.',
      status: 404,
      code: 'ROOM_NOT_FOUND',
      retryable: false,
      requestId: reply.headers['x-request-id'],
    });
  });
});

describe('history', () => {
  it('passes the messages on as they are', async () => {
    // Spaces and key order that a parser and printer would not keep.
    const messages = ['{"op":3, "seq":1,"msg":"é\\u0000"}', '{"seq":2 }'];
    api.logic.on(logicRpc.history, () => ({ roomId: 1, epoch: 'e"1', head: 2, messages, more: false }));
    const reply = await get('/v1/rooms/1/messages?after=0&limit=2');
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
    expect(reply.body).toContain(`[${messages.join(',')}]`);
    expect(reply.json()).toMatchObject({ roomId: 1, epoch: 'e"1', head: 2, more: false });
    expect(api.logic.calls[0]?.request).toEqual({ userId: 3, roomId: 1, after: 0, limit: 2 });
  });

  it('asks for the newest by default, also in an empty room', async () => {
    api.logic.on(logicRpc.history, () => ({ roomId: 1, epoch: 'e', head: 0, messages: [], more: false }));
    expect((await get('/v1/rooms/1/messages')).json().messages).toEqual([]);
    expect(api.logic.calls[0]?.request).toEqual({ userId: 3, roomId: 1, limit: 50 });
  });

  it('passes the largest page on', async () => {
    api.logic.on(logicRpc.history, () => ({ roomId: 1, epoch: 'e', head: 0, messages: [], more: false }));
    expect((await get('/v1/rooms/1/messages?limit=200')).statusCode).toBe(200);
    expect(api.logic.calls[0]?.request).toEqual({ userId: 3, roomId: 1, limit: 200 });
  });

  it.each([
    ['limit=0', ['limit']],
    ['limit=201', ['limit']],
    ['limit=x', ['limit']],
    ['before=-1', ['before']],
    ['after=1.5', ['after']],
    ['after=1&after=2', ['after']],
    ['before=5&after=2', ['before', 'after']],
  ])('refuses ?%s', async (query, fields) => {
    const reply = await get(`/v1/rooms/1/messages?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({ code: 'INVALID', fields });
  });
});

describe('sends', () => {
  const acks = () =>
    api.logic.on(logicRpc.publishMany, ({ sends }) => ({
      results: sends.map(({ clientMsgId }, i) => ({ ok: true as const, ack: ackOf(clientMsgId, i + 1) })),
    }));
  const sends = () =>
    api.logic.calls.map(({ request }) => (request as { sends: Record<string, unknown>[] }).sends);

  it('answer 201 with the ack; the key is the clientMsgId', async () => {
    acks();
    const reply = await post(
      '/v1/rooms/1/messages',
      { msg: 'hi' },
      { ...bearer(), 'idempotency-key': 'k-1' },
    );
    expect(reply.statusCode).toBe(201);
    expect(reply.json()).toEqual(ackOf('k-1'));
    const direct = await post(
      '/v1/users/4/messages',
      { msg: 'psst' },
      { ...bearer(), 'idempotency-key': 'k-2' },
    );
    expect(direct.statusCode).toBe(201);
    const from = { userId: 3, userName: 'demo' };
    expect(sends()).toEqual([
      [{ from, roomId: 1, text: 'hi', clientMsgId: 'k-1' }],
      [{ from, toUserId: 4, text: 'psst', clientMsgId: 'k-2' }],
    ]);
  });

  it('answer 200 when it had been sent before', async () => {
    api.logic.on(logicRpc.publishMany, () => ({
      results: [{ ok: true as const, ack: { ...ackOf('k'), duplicate: true } }],
    }));
    const reply = await post('/v1/rooms/1/messages', { msg: 'hi' }, { ...bearer(), 'idempotency-key': 'k' });
    expect([reply.statusCode, reply.json().duplicate]).toEqual([200, true]);
  });

  it('of one turn and room travel in one call; each gets its own answer', async () => {
    api.logic.on(logicRpc.publishMany, ({ sends: batch }) => ({
      results: batch.map(({ clientMsgId, text }, i) =>
        text === 'bad'
          ? { ok: false as const, code: 'RATE_LIMITED' as const, retryAfterMs: 1_500 }
          : { ok: true as const, ack: ackOf(clientMsgId, i + 1) },
      ),
    }));
    const send = (roomId: number, msg: string) => post(`/v1/rooms/${roomId}/messages`, { msg });
    const [a, bad, c, other] = await Promise.all([send(1, 'a'), send(1, 'bad'), send(1, 'c'), send(2, 'd')]);
    expect(sends().map((batch) => batch.map(({ text }) => text))).toEqual([['a', 'bad', 'c'], ['d']]);
    expect([a?.json().seq, c?.json().seq, other?.json().seq]).toEqual([1, 3, 1]);
    expect(bad?.statusCode).toBe(429);
    expect(bad?.headers['retry-after']).toBe('2');
    expect(bad?.json()).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_500 });
  });

  it('are refused before logic hears of them', async () => {
    const url = '/v1/rooms/1/messages';
    expect((await post(url, { msg: 'x'.repeat(4_001) })).json()).toMatchObject({
      status: 413,
      code: 'MESSAGE_TOO_LONG',
    });
    expect((await post(url, { msg: '  ' })).json()).toMatchObject({ code: 'INVALID', fields: ['msg'] });
    for (const key of ['', 'no spaces', 'x'.repeat(65)]) {
      const reply = await post(url, { msg: 'x' }, { ...bearer(), 'idempotency-key': key });
      expect(reply.json()).toMatchObject({ status: 400, fields: ['Idempotency-Key'] });
    }
    expect(api.logic.calls).toEqual([]);
  });

  it('counts code points, not UTF-16 units', async () => {
    acks();
    expect((await post('/v1/rooms/1/messages', { msg: '😀'.repeat(4_000) })).statusCode).toBe(201);
  });
});

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

  it.each(['0', '-1', 'x', '1.5', '99999999999999999999', '1%00', '%F0%9F%98%80'])(
    'the id %s',
    async (id) => {
      const reply = await get(`/v1/rooms/${id}`);
      expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['id'] });
    },
  );

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
