import { limits } from '@parley/protocol';
import { JwtService } from '@nestjs/jwt';
import { logicRpc, type ReadResult } from '@parley/contracts';
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
      { userId: 3, limit: limits.defaultListedRooms },
      { userId: 3, name: 'Maths' },
      { userId: 3, roomId: 1 },
      { userId: 3, roomId: 1 },
      { userId: 3, limit: limits.defaultListedRooms },
    ]);
  });

  it.each([
    ['/v1/rooms', logicRpc.listRooms, { rooms: [] }],
    ['/v1/conversations', logicRpc.listConversations, { conversations: [] }],
  ] as const)('gives %s in pages', async (url, contract, empty) => {
    const page = { ...empty, next: '17-4' };
    api.logic.on(contract as typeof logicRpc.listRooms, () => page as never);
    expect((await get(`${url}?limit=${limits.maxListedRooms}&cursor=18-5`)).json()).toEqual(page);
    expect(api.logic.calls[0]?.request).toEqual({
      userId: 3,
      limit: limits.maxListedRooms,
      cursor: '18-5',
    });
    for (const query of [
      'limit=0',
      `limit=${limits.maxListedRooms + 1}`,
      'limit=x',
      'cursor=1',
      'cursor=-1-2',
    ])
      expect((await get(`${url}?${query}`)).json(), query).toMatchObject({ code: 'INVALID' });
    expect(api.logic.calls).toHaveLength(1);
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
    ['after=', ['after']],
    ['after=0x10', ['after']],
    ['after=1e2', ['after']],
    ['after=%205', ['after']],
    ['after=%2B5', ['after']],
    ['after=05', ['after']],
    ['after=5.0', ['after']],
    ['after=-0', ['after']],
    ['after=9007199254740992', ['after']],
    ['limit=1&limit=1', ['limit']],
    ['limit=Infinity', ['limit']],
    ['before=5&after=2', ['before', 'after']],
  ])('refuses ?%s', async (query, fields) => {
    const reply = await get(`/v1/rooms/1/messages?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({ code: 'INVALID', fields });
  });
});

describe('lists', () => {
  it.each(['limit=0x10', 'limit=1e2', 'limit=%205', 'limit=0', 'limit=201', 'cursor=x', 'limit=1&limit=2'])(
    'refuses ?%s',
    async (query) => {
      for (const list of ['rooms', 'conversations']) {
        const reply = await get(`/v1/${list}?${query}`);
        expect(reply.statusCode).toBe(400);
        expect(reply.json()).toMatchObject({ code: 'INVALID', fields: [query.split('=')[0]] });
      }
    },
  );
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

describe('bytes', () => {
  const url = '/v1/rooms/1/messages';
  const send = (payload: Buffer, type = 'application/json') =>
    api.app.inject({ method: 'POST', url, payload, headers: { ...bearer(), 'content-type': type } });
  const body = (msg: Buffer) => Buffer.concat([Buffer.from('{"msg":"'), msg, Buffer.from('"}')]);
  const acks = () =>
    api.logic.on(logicRpc.publishMany, ({ sends }) => ({
      results: sends.map(({ clientMsgId }) => ({ ok: true as const, ack: ackOf(clientMsgId) })),
    }));

  // They were kept as U+FFFD: two different texts under one idempotency key counted as the same.
  it.each([
    ['a lone byte', [0xff]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
    ['a cut character', [0xf0, 0x9f, 0x98]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a pair of surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('that are no UTF-8 are refused, on both APIs: %s', async (_, bytes) => {
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const reply = await send(body(Buffer.from(bytes)), type);
      expect(reply.json()).toMatchObject({ status: 400, code: 'BAD_JSON' });
    }
    const seed = Buffer.concat([
      Buffer.from(`{"authToken":"${api.token()}","roomId":1,"msg":"`),
      Buffer.from(bytes),
      Buffer.from('"}'),
    ]);
    for (const type of ['application/json', 'text/plain; charset=utf-8', 'application/octet-stream']) {
      const headers = { 'content-type': type };
      const reply = await api.app.inject({ method: 'POST', url: '/push/pushRoom', payload: seed, headers });
      expect([reply.statusCode, reply.json().code]).toEqual([200, 1]);
    }
    expect(api.logic.calls).toEqual([]);
    expect(api.errors).toEqual([]);
  });

  it.each(['utf-16', 'UTF-16LE', 'iso-8859-1', '"windows-1252"', 'utf-8; charset=utf-16', 'utf-32', 'utf-7'])(
    'in another charset are refused: %s',
    async (charset) => {
      const type = `application/json; charset=${charset}`;
      const reply = await send(body(Buffer.from('x')), type);
      expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['Content-Type'] });
      const headers = { 'content-type': type };
      const seed = await api.app.inject({ method: 'POST', url: '/user/login', payload: '{}', headers });
      expect(seed.json()).toMatchObject({ code: 1, message: expect.stringContaining('Content-Type') });
    },
  );

  it('in UTF-16, without saying so, are refused', async () => {
    const text = Buffer.from('\ufeff{"msg":"x"}', 'utf16le');
    for (const bytes of [text, text.subarray(2), Buffer.from(text).swap16()])
      expect((await send(bytes)).json()).toMatchObject({ status: 400, code: 'BAD_JSON' });
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii'])('in %s are read', async (charset) => {
    acks();
    expect((await send(body(Buffer.from('x')), `application/json; charset=${charset}`)).statusCode).toBe(201);
  });

  it('behind a byte order mark are read, and the text is what was sent', async () => {
    acks();
    const text = '\ufeff👍 \u0085\ufffd\u2028 \t';
    expect((await send(Buffer.from(`\ufeff${JSON.stringify({ msg: text })}`))).statusCode).toBe(201);
    expect(api.logic.calls[0]?.request).toMatchObject({ sends: [{ text }] });
  });

  it.each([
    ['half a surrogate pair', '"a\\ud83d"'],
    ['NUL', '"a\\u0000b"'],
    ['nothing to see', '"\\u200b\\u3164\\ufe0f"'],
  ])('%s is INVALID', async (_, msg) => {
    const reply = await post(url, `{"msg":${msg}}`);
    expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['msg'] });
    const seed = await post('/push/pushRoom', `{"authToken":"${api.token()}","roomId":1,"msg":${msg}}`);
    expect(seed.json()).toMatchObject({ code: 1, message: expect.stringContaining('(msg)') });
    expect(api.logic.calls).toEqual([]);
  });

  // Postgres refuses NUL: it was answered 500.
  it.each([
    ['/v1/login', '{"userName":"a\\u0000","password":"111111"}', 'userName'],
    ['/v1/login', '{"userName":"a","password":"\\ud800111111"}', 'password'],
    ['/v1/register', '{"userName":"a\\u0000","password":"111111"}', 'userName'],
    ['/v1/register', '{"userName":"a","password":"111111\\u0000"}', 'password'],
    ['/v1/rooms', '{"name":"a\\u0000"}', 'name'],
    ['/user/login', '{"userName":"a\\u0000","passWord":"111111"}', 'userName'],
    ['/user/register', '{"userName":"a","passWord":"111111\\udfff"}', 'passWord'],
  ])('%s refuses %s', async (route, payload, field) => {
    const reply = await post(route, payload);
    if (route.startsWith('/v1'))
      expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: [field] });
    else expect(reply.json()).toMatchObject({ code: 1, message: expect.stringContaining(`(${field})`) });
    expect(api.logic.calls).toEqual([]);
  });

  it.each(['1.00000000000000000001', '9007199254740993', '1e400', '-0', '0', '1.5', '"01"', '" 1"', '"1e3"'])(
    'the room %s of gochat’s clients is none',
    async (id) => {
      const reply = await post('/push/pushRoom', `{"authToken":"${api.token()}","roomId":${id},"msg":"x"}`);
      expect(reply.json()).toMatchObject({ code: 1, message: expect.stringContaining('(roomId)') });
    },
  );
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

describe('reading', () => {
  const state = { roomId: 7, seq: 5, head: 9, unread: 3 };
  const one = (result: ReadResult) => () => ({ results: [result] });
  const put = (url: string, payload: object, headers = bearer()) =>
    api.app.inject({ method: 'PUT', url, payload, headers });
  const del = (url: string) => api.app.inject({ method: 'DELETE', url, headers: bearer() });

  it('lists what is unread, marks it read, and forgets a room', async () => {
    const rooms = [{ ...state, kind: 'room' as const }];
    api.logic
      .on(logicRpc.listUnread, () => ({ rooms }))
      .on(logicRpc.markRead, one({ ok: true, state }))
      .on(logicRpc.markAllRead, () => ({}))
      .on(logicRpc.forgetRead, () => ({}));
    expect((await get('/v1/unread')).json()).toEqual({ rooms });
    expect((await put('/v1/rooms/7/read', { seq: 5 })).json()).toEqual(state);
    expect((await post('/v1/unread/clear')).statusCode).toBe(204);
    expect((await del('/v1/rooms/7/read')).statusCode).toBe(204);
    expect(api.logic.calls.map(({ request }) => request)).toEqual([
      { userId: 3 },
      { reads: [{ userId: 3, roomId: 7, seq: 5 }] },
      { userId: 3 },
      { userId: 3, roomId: 7 },
    ]);
  });

  it.each([{ seq: -1 }, { seq: 0.5 }, { seq: '5' }, { seq: 2 ** 53 }, {}])(
    'refuses %j as a position',
    async (body) => {
      const reply = await put('/v1/rooms/7/read', body);
      expect([reply.statusCode, reply.json()]).toMatchObject([400, { code: 'INVALID', fields: ['seq'] }]);
    },
  );

  it('answers what logic refuses', async () => {
    api.logic.on(logicRpc.markRead, one({ ok: false, code: 'INVALID', fields: ['seq'] }));
    expect((await put('/v1/rooms/7/read', { seq: 50 })).json()).toMatchObject({
      code: 'INVALID',
      fields: ['seq'],
    });
    api.logic.on(logicRpc.markRead, one({ ok: false, code: 'ROOM_NOT_FOUND' }));
    expect((await put('/v1/rooms/8/read', { seq: 1 })).statusCode).toBe(404);
    api.logic.on(logicRpc.forgetRead, refuse('FORBIDDEN'));
    expect((await del('/v1/rooms/9/read')).statusCode).toBe(403);
  });
});

describe('search', () => {
  it('finds rooms and users by name, in pages', async () => {
    const users = { users: [{ userId: 4, userName: 'demo1' }], next: '0-4' };
    api.logic.on(logicRpc.listRooms, () => ({ rooms: [room] })).on(logicRpc.searchUsers, () => users);
    expect((await get('/v1/rooms?q=lob%25&limit=5')).json()).toEqual({ rooms: [room] });
    expect((await get('/v1/users?q=demo&cursor=0-3')).json()).toEqual(users);
    expect(api.logic.calls.map(({ request }) => request)).toEqual([
      { userId: 3, limit: 5, q: 'lob%' },
      { userId: 3, limit: 20, q: 'demo', cursor: '0-3' },
    ]);
  });

  it.each([
    '/v1/users',
    '/v1/users?q=',
    '/v1/users?q=%20',
    `/v1/users?q=${'x'.repeat(81)}`,
    '/v1/rooms?q=%00',
    '/v1/users?q=a&limit=51',
  ])('refuses %s', async (url) => {
    const reply = await get(url);
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'INVALID']);
  });

  it('lets one user search so often, over rooms and people', async () => {
    api.logic.on(logicRpc.listRooms, () => ({ rooms: [] })).on(logicRpc.searchUsers, () => ({ users: [] }));
    const mine = bearer(api.token({ sub: '77' }));
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, i) => get(i % 2 ? '/v1/rooms?q=a' : '/v1/users?q=a', mine)),
    );
    const codes = replies.map(({ statusCode }) => statusCode);
    expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(40);
    expect(codes).toContain(429);
    // The list itself is none.
    expect((await get('/v1/rooms', mine)).statusCode).toBe(200);
    expect((await get('/v1/users?q=a')).statusCode).toBe(200);
  });
});
