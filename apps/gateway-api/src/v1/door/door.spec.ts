import { logicRpc } from '@parley/contracts';
import { errorCatalog } from '@parley/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refuse, sessionOf, startApiApp, type ApiApp } from '../../api-app.fixture.js';
import { callsOf, forget } from '../v1-calls.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp({ rate: { registrationsPerMinute: 1, loginPerMinute: 20 } });
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, get, post } = callsOf(() => api);

const inviteId = '01900000-0000-7000-8000-000000000001';
const invite = {
  ...{ inviteId, role: 'guest' as const, uses: 0, createdAt: 1 },
  createdBy: { userId: 3, userName: 'demo' },
};
const token = 'x'.repeat(32);
const guestBearer = (claims: object = { room: 7 }) =>
  bearer(api.token({ sub: '9', name: 'Ada', role: 'guest', ...claims }));
const call = (method: string, url: string, headers: Record<string, string>, payload?: object) =>
  api.app.inject({ method: method as 'GET', url, headers, ...(payload && { payload }) });

describe('an invitation', () => {
  it('is made on the terms that are named, and told once', async () => {
    const made = { ...invite, token, path: `/join/${token}` };
    api.logic.on(logicRpc.createInvite, () => made);
    const reply = await post('/v1/rooms/7/invites', { role: 'speaker', maxUses: 30, expiresAt: 5 });
    expect([reply.statusCode, reply.json()]).toEqual([201, made]);
    expect(api.logic.calls).toMatchObject([
      { request: { userId: 3, userName: 'demo', roomId: 7, role: 'speaker', maxUses: 30, expiresAt: 5 } },
    ]);
  });

  it('is for guests unless it says more, and listed and withdrawn by hosts', async () => {
    api.logic
      .on(logicRpc.createInvite, () => ({ ...invite, token, path: '/join/x' }))
      .on(logicRpc.listInvites, () => ({ invites: [invite] }))
      .on(logicRpc.withdrawInvite, () => ({}));
    await post('/v1/rooms/7/invites', {});
    expect((await get('/v1/rooms/7/invites')).json()).toEqual({ invites: [invite] });
    const statuses = [
      (await call('DELETE', `/v1/rooms/7/invites/${inviteId}`, bearer())).statusCode,
      (await call('DELETE', `/v1/rooms/7/invites/${inviteId}?sessions=end`, bearer())).statusCode,
    ];
    expect(statuses).toEqual([204, 204]);
    expect(api.logic.calls.map(({ request }) => request)).toMatchObject([
      { role: 'guest' },
      { roomId: 7 },
      { inviteId, endSessions: false },
      { inviteId, endSessions: true },
    ]);
  });

  it.each([
    [{ role: 'owner' }, 'role'],
    [{ role: 'moderator' }, 'role'],
    [{ maxUses: 0 }, 'maxUses'],
    [{ maxUses: 10_001 }, 'maxUses'],
    [{ maxUses: 1.5 }, 'maxUses'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ expiresAt: 8_640_000_000_000_001 }, 'expiresAt'],
  ])('is not made on %j', async (terms, field) => {
    const reply = await post('/v1/rooms/7/invites', terms);
    expect(reply.json()).toMatchObject({ code: 'INVALID', fields: [field] });
    expect(api.logic.calls).toEqual([]);
  });

  it('may be for 10,000', async () => {
    api.logic.on(logicRpc.createInvite, () => ({ ...invite, token, path: '/join/x' }));
    expect((await post('/v1/rooms/7/invites', { maxUses: 10_000 })).statusCode).toBe(201);
  });

  it('is read by who has it and is nobody yet', async () => {
    const opens = { roomId: 7, roomName: 'Physics', role: 'guest' as const };
    api.logic.on(logicRpc.readInvite, () => opens);
    expect((await post('/v1/invitation', { invite: token }, {})).json()).toEqual(opens);
    api.logic.on(logicRpc.readInvite, refuse('INVITE_OVER'));
    const over = await post('/v1/invitation', { invite: token }, {});
    expect([over.statusCode, over.json()]).toMatchObject([410, { code: 'INVITE_OVER' }]);
    expect((await post('/v1/invitation', { invite: '../x' }, {})).json()).toMatchObject({
      fields: ['invite'],
    });
  });
});

describe('a room that is closed', () => {
  it('is closed by its owner, with a password and a code, and hosts see how it stands', async () => {
    const door = { listed: false, hasPassword: true, code: 'ABC234' };
    api.logic.on(logicRpc.changeDoor, () => door).on(logicRpc.doorSettings, () => door);
    const change = { listed: false, password: 'open sesame', code: true };
    expect((await call('PATCH', '/v1/rooms/7/door', bearer(), change)).json()).toEqual(door);
    expect((await get('/v1/rooms/7/door')).json()).toEqual(door);
    expect(api.logic.calls[0]).toMatchObject({ request: { userId: 3, roomId: 7, ...change } });
    for (const wrong of [{ listed: 'no' }, { password: 'short' }, { code: 'ABC234' }])
      expect((await call('PATCH', '/v1/rooms/7/door', bearer(), wrong)).json()).toMatchObject({
        code: 'INVALID',
        fields: Object.keys(wrong),
      });
  });

  it('is come into by an invitation, or by a code however it is typed', async () => {
    api.logic.on(logicRpc.joinByDoor, () => ({ roomId: 7, roomName: 'Physics' }));
    for (const by of [{ invite: token }, { code: 'abc-234' }, { code: ' ABC 234', password: 'x' }])
      expect((await post('/v1/rooms/join', by)).json()).toEqual({ roomId: 7, roomName: 'Physics' });
    expect(api.logic.calls.map(({ request }) => (request as { by: object }).by)).toEqual([
      { invite: token },
      { code: 'ABC234' },
      { code: 'ABC234', password: 'x' },
    ]);
    for (const wrong of [{}, { code: 'ABC23' }, { code: 'ABC2340' }, { code: 'ABCIO1' }])
      expect((await post('/v1/rooms/join', wrong)).json()).toMatchObject({ code: 'INVALID' });
  });

  it('is guessed at as passwords are: twenty wrong ones, per user and code; that there is one is no guess', async () => {
    api.logic.on(logicRpc.joinByDoor, refuse('PASSWORD_NEEDED'));
    for (let i = 0; i < 25; i++)
      expect((await post('/v1/rooms/join', { code: 'XYZ234' })).json()).toMatchObject({
        code: 'PASSWORD_NEEDED',
      });
    api.logic.on(logicRpc.joinByDoor, refuse('WRONG_PASSWORD'));
    const codes = [];
    for (let i = 0; i < 25; i++) {
      const reply = await post('/v1/rooms/join', { code: 'XYZ234', password: String(i) });
      codes.push(reply.json<{ code: string }>().code);
    }
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('WRONG_PASSWORD'));
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    // Somebody else behind the same address.
    const other = bearer(api.token({ sub: '4', name: 'demo1' }));
    expect((await post('/v1/rooms/join', { code: 'XYZ234', password: 'x' }, other)).json()).toMatchObject({
      code: 'WRONG_PASSWORD',
    });
    api.logic.on(logicRpc.joinByDoor, () => ({ roomId: 8, roomName: 'Chemistry' }));
    expect((await post('/v1/rooms/join', { code: 'ABC235', password: 'x' })).statusCode).toBe(200);
  });
});

it('the log of the door is read in pages of 100 lines at the most', async () => {
  api.logic.on(logicRpc.doorLog, () => ({ lines: [], more: false }));
  await get('/v1/rooms/7/door/log');
  await get(`/v1/rooms/7/door/log?limit=100&before=${inviteId}`);
  expect(api.logic.calls.map(({ request }) => request)).toEqual([
    { userId: 3, roomId: 7, limit: 50 },
    { userId: 3, roomId: 7, limit: 100, before: inviteId },
  ]);
  for (const query of ['limit=101', 'limit=0', 'before=x'])
    expect((await get(`/v1/rooms/7/door/log?${query}`)).json()).toMatchObject({ code: 'INVALID' });
});

describe('coming in as a guest', () => {
  const session = { ...sessionOf('t', 9, 'Ada'), roomId: 7 };
  it('needs an invitation and a name, and says from where', async () => {
    api.logic.on(logicRpc.admitGuest, () => session);
    const reply = await post('/v1/guests', { invite: token, name: ' Ada ' }, {});
    expect([reply.statusCode, reply.json()]).toEqual([201, session]);
    expect(api.logic.calls).toMatchObject([
      { request: { invite: token, name: 'Ada', address: '127.0.0.1' } },
    ]);
    for (const [body, fields] of [
      [{ name: 'Ada' }, ['invite']],
      [{ invite: token }, ['name']],
      [{ invite: token, name: '\u200b' }, ['name']],
      [{ invite: token, name: 'x'.repeat(33) }, ['name']],
    ] as const)
      expect((await post('/v1/guests', body, {})).json()).toMatchObject({ code: 'INVALID', fields });
  });

  it('takes a key that nobody guesses: who has it comes in as the same guest', async () => {
    api.logic.on(logicRpc.admitGuest, () => session);
    const come = (key: string) =>
      post('/v1/guests', { invite: token, name: 'Ada' }, { 'idempotency-key': key });
    const key = '0198c1f0-7e1f-7d7a-9d3c-5b0a6f2e4c11';
    expect((await come(key)).statusCode).toBe(201);
    expect(api.logic.calls[0]?.request).toMatchObject({ name: 'Ada', key });
    for (const weak of ['', '1', 'Ada', key.slice(1)])
      expect((await come(weak)).json()).toMatchObject({ code: 'INVALID', fields: ['Idempotency-Key'] });
    expect(api.logic.calls).toHaveLength(1);
  });

  it('is counted by address, as registrations are; a name that is taken is not', async () => {
    api.logic.on(logicRpc.admitGuest, refuse('NAME_TAKEN'));
    const come = () => post('/v1/guests', { invite: token, name: 'Bob' }, {});
    for (let i = 0; i < 20; i++) expect((await come()).json()).toMatchObject({ code: 'NAME_TAKEN' });
    api.logic.on(logicRpc.admitGuest, () => session);
    const codes = [];
    for (let i = 0; i < 12; i++) codes.push((await come()).statusCode);
    // Two have come in above.
    expect(codes.slice(0, 8)).toEqual(Array(8).fill(201));
    expect(codes.at(-1)).toBe(429);
  });
});

describe('another name', () => {
  const renamed = { ...sessionOf('t2', 9, 'Grace'), roomId: 7 };
  it('is a guest’s to take, in his room and with his session', async () => {
    api.logic.on(logicRpc.renameGuest, () => renamed);
    const reply = await call('PATCH', '/v1/guests/me', guestBearer({ room: 7 }), { name: ' Grace ' });
    expect([reply.statusCode, reply.json()]).toEqual([200, renamed]);
    expect(api.logic.calls).toMatchObject([
      { request: { roomId: 7, name: 'Grace', session: { id: expect.any(String) } } },
    ]);
    const wrong = await call('PATCH', '/v1/guests/me', guestBearer({ room: 7 }), { name: '' });
    expect(wrong.json()).toMatchObject({ code: 'INVALID', fields: ['name'] });
  });

  it('is nobody’s who has an account, and not of who waits', async () => {
    const body = { name: 'Grace' };
    expect((await call('PATCH', '/v1/guests/me', bearer(), body)).json()).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await call('PATCH', '/v1/guests/me', guestBearer({ waits: 7 }), body)).json()).toMatchObject({
      code: 'WAITING',
    });
    expect(api.logic.calls).toEqual([]);
  });
});

/** What guests may call. A new route is added here after thinking about it. */
const guestRoutes = [
  'DELETE /v1/rooms/:id/messages/:seq',
  'DELETE /v1/rooms/:id/read',
  'DELETE /v1/rooms/:id/waiting/me',
  'GET /v1/me',
  'GET /v1/rooms/:id',
  'GET /v1/rooms/:id/members',
  'GET /v1/rooms/:id/messages',
  'GET /v1/rooms/:id/state',
  'GET /v1/rooms/:id/waiting/me',
  'GET /v1/unread',
  'PATCH /v1/guests/me',
  'POST /push/count',
  'POST /push/getRoomInfo',
  'POST /push/pushRoom',
  'POST /user/checkAuth',
  'POST /user/logout',
  'POST /v1/logout',
  'POST /v1/rooms/:id/messages',
  'POST /v1/unread/clear',
  'PUT /v1/rooms/:id/read',
];

describe('a guest', () => {
  /** Routes that let somebody through, with every id in the address and `roomId` in the body being this one. */
  async function open(id: number, claims: object): Promise<string[]> {
    const headers = guestBearer(claims);
    const found: string[] = [];
    for (const { method, url } of api.routes) {
      if (!['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) continue;
      if (!/^\/(v1|user|push)\//.test(url) || /(login|register|guests|invitation)$/.test(url)) continue;
      const authToken = headers['authorization']?.slice('Bearer '.length);
      const reply = await call(method, url.replace(/:\w+/g, String(id)), headers, {
        ...(method !== 'GET' && { authToken, roomId: id, toUserId: id, msg: 'hi', seq: 1 }),
      });
      // Behind the guard nothing answers here: the fake knows no call, and bodies are not what the routes want.
      const refused = [errorCatalog.FORBIDDEN, errorCatalog.WAITING].some(({ message }) =>
        reply.body.includes(message),
      );
      if (!refused) found.push(`${method} ${url}`);
    }
    return [...new Set(found)].sort();
  }

  it('may call what is for guests, about the own room, and nothing else', async () => {
    expect(await open(7, { room: 7 })).toEqual(guestRoutes);
  });

  it('may do nothing about another room, and without one nothing about any', async () => {
    const self = guestRoutes.filter((route) => !/:id|push/.test(route));
    expect(await open(8, { room: 7 })).toEqual(self);
    expect(await open(7, {})).toEqual(self);
  });

  it('may do nothing but wait before a host has let him in', async () => {
    const waiting = guestRoutes.filter((route) => !/:id|push/.test(route) || /waiting/.test(route));
    expect(await open(7, { waits: 7 })).toEqual(waiting);
    expect(await open(8, { waits: 7 })).toEqual(guestRoutes.filter((route) => !/:id|push/.test(route)));
  });
});
