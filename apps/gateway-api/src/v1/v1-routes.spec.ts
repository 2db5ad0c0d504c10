import { limits } from '@parley/protocol';
import { logicRpc } from '@parley/contracts';
import { refuse, sessionOf, startApiApp, type ApiApp } from '../api-app.fixture.js';
import { callsOf, forget, room } from './v1-calls.fixture.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, get, post } = callsOf(() => api);

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
  it('are made once by the key that they are asked for with', async () => {
    api.logic.on(logicRpc.createRoom, () => room);
    const make = (key: string) =>
      post('/v1/rooms', { name: 'Maths' }, { ...bearer(), 'idempotency-key': key });
    expect((await make('first-try')).statusCode).toBe(201);
    expect(api.logic.calls[0]?.request).toEqual({ userId: 3, name: 'Maths', listed: true, key: 'first-try' });
    for (const key of ['', 'with spaces', 'x'.repeat(65)])
      expect((await make(key)).json()).toMatchObject({ code: 'INVALID', fields: ['Idempotency-Key'] });
    expect(api.logic.calls).toHaveLength(1);
  });

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
    expect((await post('/v1/rooms', { name: 'Ours', listed: false })).statusCode).toBe(201);
    expect((await post('/v1/rooms', { name: 'Ours', listed: 'no' })).json()).toMatchObject({
      fields: ['listed'],
    });
    expect((await get('/v1/rooms/1')).json()).toEqual(room);
    expect((await get('/v1/rooms/1/members')).json()).toEqual(members);
    expect((await get('/v1/conversations')).json()).toEqual(conversations);
    expect((await get('/v1/conversations?peer=4')).json()).toEqual(conversations);
    expect(api.logic.calls.map(({ request }) => request)).toEqual([
      { userId: 3, limit: limits.defaultListedRooms },
      { userId: 3, name: 'Maths', listed: true },
      { userId: 3, name: 'Ours', listed: false },
      { userId: 3, roomId: 1 },
      { userId: 3, roomId: 1 },
      { userId: 3, limit: limits.defaultListedRooms },
      { userId: 3, limit: limits.defaultListedRooms, peer: 4 },
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
  it.each(['peer=0', 'peer=x', 'peer=-1', 'peer=1.5'])('refuse ?%s', async (query) => {
    expect((await get(`/v1/conversations?${query}`)).json()).toMatchObject({
      code: 'INVALID',
      fields: ['peer'],
    });
  });

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
