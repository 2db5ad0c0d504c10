import { logicRpc, type ReadResult } from '@parley/contracts';
import { refuse, startApiApp, type ApiApp } from '../api-app.fixture.js';
import { callsOf, forget, room } from './v1-calls.fixture.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, get, post } = callsOf(() => api);

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
  it('says whether a user is connected', async () => {
    const presence = { userId: 4, userName: 'demo1', online: true };
    api.logic.on(logicRpc.getPresence, () => presence);
    expect((await get('/v1/users/4/presence')).json()).toEqual(presence);
    expect(api.logic.calls[0]?.request).toEqual({ userId: 4 });
    expect((await get('/v1/users/x/presence')).json()).toMatchObject({ code: 'INVALID' });
  });

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
