import { logicRpc } from '@parley/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ackOf, refuse, sessionOf, startApiApp, type ApiApp } from '../api-app.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => {
  api.logic.calls.length = 0;
  api.revoked.clear();
});

const post = (url: string, payload: string | object, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });

const sessionError = '{"code":40000,"data":null,"message":"Session error"}';
const ok = '{"code":0,"data":null,"message":"ok"}';

describe('account routes, byte for byte', () => {
  it('log in', async () => {
    api.logic.on(logicRpc.login, ({ userName }) => sessionOf(`token-of-${userName}`));
    const reply = await post('/user/login', { userName: 'demo', passWord: '111111' });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.body).toBe('{"code":0,"data":"token-of-demo","message":"login success"}');
    expect(api.logic.calls[0]?.request).toEqual({ userName: 'demo', password: '111111' });
  });

  it('refuse a wrong password', async () => {
    api.logic.on(logicRpc.login, refuse('BAD_CREDENTIALS'));
    const reply = await post('/user/login', { userName: 'demo', passWord: 'no' });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe('{"code":1,"data":null,"message":"Wrong user name or password."}');
  });

  it('register', async () => {
    api.logic.on(logicRpc.register, () => sessionOf('new'));
    const reply = await post('/user/register', { userName: 'anna', passWord: '222222' });
    expect(reply.body).toBe('{"code":0,"data":"new","message":"register success"}');
  });

  it('refuse a name that is taken, and a password that is too short', async () => {
    api.logic.on(logicRpc.register, refuse('NAME_TAKEN'));
    const taken = await post('/user/register', { userName: 'demo', passWord: '222222' });
    expect(taken.body).toBe('{"code":1,"data":null,"message":"This user name is taken."}');
    const short = await post('/user/register', { userName: 'anna', passWord: '1' });
    expect(short.json()).toMatchObject({ code: 1, data: null, message: expect.stringContaining('passWord') });
  });

  it('check a token', async () => {
    const reply = await post('/user/checkAuth', { authToken: api.token() });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe('{"code":0,"data":{"userId":3,"userName":"demo"},"message":"auth success"}');
  });

  it.each([
    ['null', { authToken: null }],
    ['empty', { authToken: '' }],
    ['missing', {}],
    ['not a token', { authToken: 'nonsense' }],
    ['a number', { authToken: 7 }],
    ['an object', { authToken: { toString: 'x' } }],
  ])('answer a session error to a token that is %s', async (_, body) => {
    const reply = await post('/user/checkAuth', body);
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe(sessionError);
  });

  it('log out', async () => {
    api.logic.on(logicRpc.logout, () => ({}));
    const reply = await post('/user/logout', { authToken: api.token({ exp: 1_900_000_000 }) });
    expect(reply.body).toBe('{"code":0,"data":null,"message":"logout ok!"}');
    expect(api.logic.calls[0]?.request).toEqual({
      userId: 3,
      sessionId: 's-3',
      expiresAt: 1_900_000_000_000,
    });
    expect((await post('/user/logout', { authToken: null })).body).toBe(sessionError);
  });
});

describe('messaging routes', () => {
  beforeEach(() => {
    api.logic
      .on(logicRpc.publishMany, ({ sends }) => ({
        results: sends.map(({ clientMsgId }, i) => ({ ok: true as const, ack: ackOf(clientMsgId, i + 1) })),
      }))
      .on(logicRpc.announce, () => ({}));
  });
  const sent = () => (api.logic.calls[0]?.request as { sends: Record<string, unknown>[] }).sends[0];

  it('send to a room as the owner of the token, whatever the body claims', async () => {
    const reply = await post('/push/pushRoom', {
      op: 5,
      roomId: 1,
      authToken: api.token(),
      msg: 'hello',
      fromUserId: 999,
      fromUserName: 'x',
      from: { userId: 999 },
    });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe(ok);
    expect(sent()).toEqual({
      from: { userId: 3, userName: 'demo' },
      roomId: 1,
      text: 'hello',
      clientMsgId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
    });
    expect(api.logic.calls[0]?.options.key).toBe('1');
  });

  it('send to one user, whose id is a string', async () => {
    const reply = await post('/push/push', {
      msg: 'psst',
      toUserId: '4',
      roomId: 1,
      authToken: api.token(),
      clientMsgId: 'mine-1',
    });
    expect(reply.body).toBe(ok);
    expect(sent()).toEqual({
      from: { userId: 3, userName: 'demo' },
      toUserId: 4,
      text: 'psst',
      clientMsgId: 'mine-1',
    });
  });

  it.each([
    ['/push/count', 'count'],
    ['/push/getRoomInfo', 'info'],
  ])('%s announces', async (url, what) => {
    const reply = await post(url, { roomId: 1, authToken: api.token() });
    expect(reply.body).toBe(ok);
    expect(api.logic.calls).toMatchObject([
      { pattern: 'logic.announce', request: { userId: 3, roomId: 1, what } },
    ]);
  });

  it('say in words why a send was refused', async () => {
    api.logic.on(logicRpc.publishMany, () => ({
      results: [{ ok: false as const, code: 'ROOM_NOT_FOUND' as const }],
    }));
    const reply = await post('/push/pushRoom', { roomId: 9, msg: 'x', authToken: api.token() });
    expect(reply.body).toBe('{"code":1,"data":null,"message":"This room does not exist."}');
  });

  it.each(['/push/push', '/push/pushRoom', '/push/count', '/push/getRoomInfo'])(
    '%s checks the token before anything else',
    async (url) => {
      // A body that no handler would take: the token is what is complained about.
      expect((await post(url, { roomId: 'no' })).body).toBe(sessionError);
      expect((await post(url, { authToken: api.token({}, 'another-secret') })).body).toBe(sessionError);
      expect((await post(url, { authToken: api.token({ exp: 1_000 }) })).body).toBe(sessionError);
      // gochat's routes take the token from the body and from nowhere else.
      expect((await post(url, { roomId: 1 }, { authorization: `Bearer ${api.token()}` })).body).toBe(
        sessionError,
      );
      api.revoked.add('s-3');
      expect((await post(url, { roomId: 1, msg: 'x', toUserId: '4', authToken: api.token() })).body).toBe(
        sessionError,
      );
      expect(api.logic.calls).toEqual([]);
    },
  );
});

describe('what does not parse or fit', () => {
  const routes = ['/user/login', '/user/checkAuth', '/push/pushRoom'];
  const bodies: [string, string][] = [
    ['bad JSON', '{"userName":'],
    ['an array', '[1]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['nothing', ''],
    ['too much', JSON.stringify({ authToken: null, msg: 'x'.repeat(70_000) })],
    ['deep nesting', '['.repeat(30_000)],
    ['poisoned', '{"__proto__":{"authToken":"x"},"constructor":{"prototype":{}}}'],
  ];
  it.each(routes.flatMap((url) => bodies.map(([name, body]) => [url, name, body] as const)))(
    '%s answers 200 in gochat’s form to %s',
    async (url, _, body) => {
      const reply = await post(url, body);
      expect(reply.statusCode).toBe(200);
      expect(Object.keys(reply.json())).toEqual(['code', 'data', 'message']);
      expect([1, 40_000]).toContain(reply.json().code);
      expect(reply.json().data).toBeNull();
      expect(api.logic.calls).toEqual([]);
      expect(api.errors).toEqual([]);
    },
  );

  it('reads any content type as JSON, as gochat’s server did', async () => {
    const body = JSON.stringify({ authToken: api.token() });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'x/y']) {
      expect((await post('/user/checkAuth', body, { 'content-type': type })).json().code).toBe(0);
    }
  });

  it('names wrong fields in the message', async () => {
    const reply = await post('/push/pushRoom', { authToken: api.token(), roomId: -1, msg: ' ' });
    expect(reply.json().message).toBe('The request has a missing or malformed field. (msg, roomId)');
    const long = await post('/push/pushRoom', { authToken: api.token(), roomId: 1, msg: 'x'.repeat(4_001) });
    expect(long.json()).toEqual({ code: 1, data: null, message: 'The message is too long.' });
  });

  it('answers unknown paths, and what breaks inside, in the same form without saying what broke', async () => {
    expect((await post('/push/nothing', {})).json()).toMatchObject({ code: 1, data: null });
    api.logic.on(logicRpc.login, () => {
      throw new Error('secret detail');
    });
    const reply = await post('/user/login', { userName: 'demo', passWord: 'x' });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe('{"code":1,"data":null,"message":"Something went wrong on the server."}');
    expect(api.errors.splice(0)).toHaveLength(1);
  });

  it('says so when logic is away', async () => {
    api.logic.on(logicRpc.login, refuse('UNAVAILABLE'));
    const reply = await post('/user/login', { userName: 'demo', passWord: 'x' });
    expect(reply.json()).toMatchObject({ code: 1, message: expect.stringContaining('restarting') });
  });
});
