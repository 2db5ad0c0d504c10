import { logicRpc } from '@parley/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApiApp, type ApiApp } from '../../api-app.fixture.js';
import { callsOf, forget } from '../v1-calls.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, get, post } = callsOf(() => api);

const path = '/v1/rooms/7/waiting';
const asked = () => api.logic.calls.map(({ request }) => request);

describe('who waits', () => {
  it('is listed in pages for hosts', async () => {
    const list = { total: 3, people: [{ userId: 9, userName: 'Ada', isGuest: true, since: 1 }], more: true };
    api.logic.on(logicRpc.listWaiting, () => list);
    expect((await get(path)).json()).toEqual(list);
    await get(`${path}?after=9&limit=1`);
    expect(asked()).toEqual([
      { userId: 3, roomId: 7, limit: 100 },
      { userId: 3, roomId: 7, after: 9, limit: 1 },
    ]);
  });

  it('is let in, or not: some, or all; with later the room asks nobody any more, before that', async () => {
    api.logic
      .on(logicRpc.decideWaiting, () => ({ decided: 1, waiting: 0 }))
      .on(logicRpc.act, ({ roomId }) => ({
        ...{ roomId, seq: 1, epoch: 'e', id: 'i', clientMsgId: 'c', sentAt: 1, duplicate: false },
      }));
    expect((await post(`${path}/admit`, { userIds: [9] })).json()).toEqual({ decided: 1, waiting: 0 });
    await post(`${path}/deny`, { all: true });
    await post(`${path}/admit`, { all: true, later: true });
    const host = { userId: 3, userName: 'demo', roomId: 7 };
    expect(asked()).toMatchObject([
      { ...host, userIds: [9], admit: true },
      { ...host, admit: false },
      { act: { act: 'settings', guestPolicy: 'ALWAYS_ACCEPT' } },
      { ...host, admit: true },
    ]);
    expect(asked()[3]).not.toHaveProperty('userIds');
  });

  it('is asked and leaves in his own name', async () => {
    api.logic
      .on(logicRpc.askWaiting, ({ userIds }) => ({
        states: [userIds[0] === 9 ? { roomId: 7, state: 'waiting' as const, since: 5 } : null],
      }))
      .on(logicRpc.leaveWaiting, () => ({}));
    const headers = bearer(api.token({ sub: '9', name: 'Ada', role: 'guest', waits: 7 }));
    const ask = (method: 'GET' | 'DELETE') => api.app.inject({ method, url: `${path}/me`, headers });
    expect((await ask('GET')).json()).toEqual({ roomId: 7, state: 'waiting', since: 5 });
    expect((await ask('DELETE')).statusCode).toBe(204);
    expect((await get(`${path}/me`)).json()).toMatchObject({ code: 'NOT_WAITING' });
    expect(asked()).toEqual([
      { roomId: 7, userIds: [9] },
      { userId: 9, roomId: 7 },
      { roomId: 7, userIds: [3] },
    ]);
  });

  it.each([
    ['admit', {}],
    ['admit', { all: false }],
    ['admit', { all: true, userIds: [1] }],
    ['admit', { userIds: [] }],
    ['admit', { userIds: Array.from({ length: 501 }, (_, i) => i + 1) }],
    ['admit', { all: true, later: 1 }],
    ['deny', { userIds: [0] }],
  ])('is not decided about by %s %j', async (what, body) => {
    expect((await post(`${path}/${what}`, body)).json()).toMatchObject({ code: 'INVALID' });
    expect(asked()).toEqual([]);
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'after=0', 'after=-1'])(
    'is not listed by %s',
    async (query) => {
      expect((await get(`${path}?${query}`)).json()).toMatchObject({ code: 'INVALID' });
    },
  );

  it('may be 500 at once', async () => {
    api.logic.on(logicRpc.decideWaiting, () => ({ decided: 500, waiting: 0 }));
    const userIds = Array.from({ length: 500 }, (_, i) => i + 1);
    expect((await post(`${path}/deny`, { userIds })).statusCode).toBe(200);
  });
});
