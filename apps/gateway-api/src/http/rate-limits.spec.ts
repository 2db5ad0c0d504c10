import { loadConfig } from '@parley/config';
import { logicRpc } from '@parley/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ackOf, refuse, sessionOf, startApiApp, type ApiApp } from '../api-app.fixture.js';

describe('rate limits', () => {
  // On the real clock a slow machine was given new tokens between two requests.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  const post = (app: ApiApp, url: string, payload: object, remoteAddress = '10.0.0.1') =>
    app.app.inject({ method: 'POST', url, payload, remoteAddress });
  const withApp = async (
    rate: NonNullable<Parameters<typeof startApiApp>[0]>['rate'],
    run: (app: ApiApp) => Promise<void>,
  ) => {
    const limited = await startApiApp({ ...(rate && { rate }) });
    limited.logic
      .on(logicRpc.login, () => sessionOf('t'))
      .on(logicRpc.register, () => sessionOf('t'))
      .on(logicRpc.announce, () => ({}));
    try {
      await run(limited);
    } finally {
      await limited.close();
    }
  };

  const wrongPassword = refuse('BAD_CREDENTIALS');

  it('wrong passwords per address and name, over both APIs together', () =>
    withApp({ loginPerMinute: 3 }, async (app) => {
      app.logic.on(logicRpc.login, wrongPassword);
      const v1 = (userName: string, address?: string) =>
        post(app, '/v1/login', { userName, password: 'x' }, address);
      const seed = (userName: string) => post(app, '/user/login', { userName, passWord: 'x' });
      // The account was found by another folding than the limit's: Ｄemo had attempts of its own on demo's password.
      for (const reply of [await v1('demo'), await seed('Ｄemo'), await v1(' DE\u200bMO\ufe0f ')])
        expect([401, 200]).toContain(reply.statusCode);
      const limited = await v1('demo');
      expect(limited.statusCode).toBe(429);
      expect(limited.json()).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
      expect(limited.json().retryAfterMs).toBeGreaterThan(15_000);
      expect(Number(limited.headers['retry-after'])).toBeGreaterThanOrEqual(16);
      expect((await seed('demo')).body).toBe(
        '{"code":1,"data":null,"message":"Too many requests: slow down."}',
      );
      expect(app.logic.calls).toHaveLength(3);
      // Everybody else goes on: another person behind the same address, the same name from elsewhere.
      expect((await v1('anna')).statusCode).toBe(401);
      expect((await v1('demo', '10.0.0.2')).statusCode).toBe(401);
    }));

  it('wrong passwords per address, whatever the names, at four seconds’ worth of requests', () =>
    withApp({ requestsPerSecond: 2 }, async (app) => {
      app.logic.on(logicRpc.login, wrongPassword);
      const guess = async (i: number, address?: string) =>
        (await post(app, '/v1/login', { userName: `user${i}`, password: 'x' }, address)).statusCode;
      for (let i = 0; i < 8; i++) expect(await guess(i)).toBe(401);
      expect(await guess(8)).toBe(429);
      expect(await guess(8, '10.0.0.2')).toBe(401);
    }));

  // A class of pupils who all try the demo account had twenty log-ins.
  it('no log-ins that succeed, however many at once', () =>
    withApp({ loginPerMinute: 2 }, async (app) => {
      const answers = Array.from({ length: 100 }, () =>
        post(app, '/v1/login', { userName: 'demo', password: 'x' }),
      );
      const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
      expect(new Set(statuses)).toEqual(new Set([200]));
    }));

  const register = async (app: ApiApp, count: number, address: string) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++) {
      const credentials = { userName: `user${i}`, password: '111111', passWord: '111111' };
      const reply = await post(app, i % 2 ? '/user/register' : '/v1/register', credentials, address);
      statuses.push(i % 2 && reply.json().code === 1 ? 429 : reply.statusCode);
    }
    return statuses;
  };

  it('registrations per address, over both APIs together, and those of all addresses', () =>
    withApp({ registrationsPerMinute: 1 }, async (app) => {
      const ten = Array.from({ length: 10 }, (_, i) => (i % 2 ? 200 : 201));
      expect(await register(app, 12, '10.0.0.1')).toEqual([...ten, 429, 429]);
      for (const address of ['10.0.0.2', '10.0.0.3', '10.0.0.4'])
        expect(await register(app, 10, address)).toEqual(ten);
      expect(await register(app, 2, '10.0.0.5')).toEqual([429, 429]);
      expect(app.logic.calls).toHaveLength(40);
      // Those who have an account log in meanwhile.
      expect((await post(app, '/v1/login', { userName: 'demo', password: 'x' })).statusCode).toBe(200);
    }));

  it('no registrations of names that are taken', () =>
    withApp({ registrationsPerMinute: 1 }, async (app) => {
      app.logic.on(logicRpc.register, refuse('NAME_TAKEN'));
      expect(new Set(await register(app, 60, '10.0.0.1'))).toEqual(new Set([409, 429]));
      app.logic.on(logicRpc.register, () => sessionOf('t'));
      expect(await register(app, 2, '10.0.0.1')).toEqual([201, 200]);
    }));

  it('requests without a token per address, but never health', () =>
    withApp({ requestsPerSecond: 1 }, async (app) => {
      const statuses: number[] = [];
      for (let i = 0; i < 22; i++) statuses.push((await app.app.inject('/v1/me')).statusCode);
      expect(statuses).toEqual([...Array<number>(20).fill(401), 429, 429]);
      expect((await app.app.inject('/health/live')).statusCode).toBe(200);
      expect((await app.app.inject({ url: '/v1/me', remoteAddress: '10.0.0.3' })).statusCode).toBe(401);
      for (const url of ['/user/checkAuth', '/push/count', '/push/push']) {
        const seed = await app.app.inject({ method: 'POST', url, payload: { authToken: 'x' } });
        expect([seed.statusCode, seed.json().code]).toEqual([200, 1]);
      }
      // A browser may read the refusal, and ask beforehand as often as it likes.
      const origin = 'http://localhost:8080';
      const refused = await app.app.inject({ url: '/v1/me', headers: { origin } });
      expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([429, origin]);
      const headers = { origin, 'access-control-request-method': 'GET' };
      expect((await app.app.inject({ method: 'OPTIONS', url: '/v1/me', headers })).statusCode).toBe(204);
    }));

  // One person's requests used up the limit of everybody behind the same address.
  it('requests with a token per user, wherever they come from', () =>
    withApp({ requestsPerSecond: 1 }, async (app) => {
      const ask = async (userId: string, seed: boolean, remoteAddress = '10.0.0.1') => {
        const token = app.token({ sub: userId });
        const reply = seed
          ? await post(app, '/user/checkAuth', { authToken: token }, remoteAddress)
          : await app.app.inject({
              url: '/v1/me',
              headers: { authorization: `Bearer ${token}` },
              remoteAddress,
            });
        return seed && reply.json().code === 1 ? 429 : reply.statusCode;
      };
      const first = [
        await ask('3', false),
        await ask('3', true),
        await ask('3', true),
        await ask('3', false),
      ];
      expect(first).toEqual([200, 200, 429, 429]);
      expect(await ask('3', false, '10.0.0.2')).toBe(429);
      for (let userId = 100; userId < 130; userId++)
        expect(await ask(`${userId}`, userId % 2 === 0)).toBe(200);
      expect((await app.app.inject({ url: '/v1/me', remoteAddress: '10.0.0.1' })).statusCode).toBe(401);
    }));

  it('sends per user, before anything is read of them', () =>
    withApp({ sendBurst: 3, sendsPerSecond: 1 }, async (app) => {
      const codeOf = async (url: string, payload: object, token?: string) => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const reply = await app.app.inject({ method: 'POST', url, payload, headers });
        return url.startsWith('/push') ? (reply.json().message as string) : (reply.json().code as string);
      };
      const token = app.token();
      for (const url of ['/v1/rooms/1/messages', '/v1/users/4/messages'])
        expect(await codeOf(url, { msg: 7 }, token)).toBe('INVALID');
      expect(await codeOf('/push/pushRoom', { authToken: token, msg: 7 })).toContain('(msg, roomId)');
      expect(await codeOf('/v1/rooms/1/messages', { msg: 7 }, token)).toBe('RATE_LIMITED');
      expect(await codeOf('/push/push', { authToken: token, msg: 7 })).toContain('Too many requests');
      expect(await codeOf('/v1/rooms/1/messages', { msg: 7 }, app.token({ sub: '4' }))).toBe('INVALID');
      const headers = { authorization: `Bearer ${token}` };
      expect((await app.app.inject({ url: '/v1/me', headers })).statusCode).toBe(200);
      expect(app.logic.calls).toEqual([]);
    }));

  it('are no hindrance to 300 people behind one address who log in, look round and talk', () =>
    withApp(loadConfig('gateway-api', { env: {} }).rate, async (app) => {
      app.logic
        .on(logicRpc.publishMany, ({ sends }) => ({
          results: sends.map(({ clientMsgId }, i) => ({ ok: true as const, ack: ackOf(clientMsgId, i + 1) })),
        }))
        .on(logicRpc.getRoom, () => ({ roomId: 1, name: 'Lobby', kind: 'room' as const, online: 300 }));
      const people = Array.from({ length: 300 }, async (_, i) => {
        const login = await post(app, '/v1/login', { userName: `user${i}`, password: 'x' });
        const statuses = [login.statusCode];
        const headers = { authorization: `Bearer ${app.token({ sub: `${100 + i}` })}` };
        for (const url of ['/v1/me', '/v1/rooms/1', '/v1/rooms/1'])
          statuses.push((await app.app.inject({ url, headers })).statusCode);
        const send = {
          method: 'POST',
          url: '/v1/rooms/1/messages',
          payload: { msg: 'hello' },
          headers,
        } as const;
        for (let n = 0; n < 3; n++) statuses.push((await app.app.inject(send)).statusCode);
        return statuses.join();
      });
      expect(new Set(await Promise.all(people))).toEqual(new Set(['200,200,200,200,201,201,201']));
    }));

  // With PARLEY_TRUST_PROXY=true the left-most entry counted, which the caller writes: one caller was as many as it liked.
  it('requests per address that the proxies vouch for, whatever else the header says', async () => {
    const limited = await startApiApp({ rate: { requestsPerSecond: 1 }, trustProxy: ['10.0.0.0/8'] });
    const ask = async (forwardedFor: string, remoteAddress = '10.0.0.1') => {
      const headers = { 'x-forwarded-for': forwardedFor };
      return (await limited.app.inject({ url: '/v1/me', headers, remoteAddress })).statusCode;
    };
    try {
      const headers = ['203.0.113.1, ', '203.0.113.2,', 'unknown, ', ' , ', '203.0.113.3, 203.0.113.4, '];
      for (let i = 0; i < 20; i++)
        expect(await ask(`${headers[i % headers.length]}198.51.100.7:4711, 10.0.0.9`)).toBe(401);
      expect(await ask('unknown, 198.51.100.7:4712')).toBe(429);
      expect(await ask('198.51.100.8')).toBe(401);
      const last = async (asked: Promise<number>[]) => (await Promise.all(asked)).slice(-2);
      // Not through a proxy: the header counts for nothing.
      const direct = Array.from({ length: 21 }, (_, i) => ask(`203.0.113.${i}`, '198.51.100.9'));
      expect(await last(direct)).toEqual([401, 429]);
      // A school whose proxy nobody trusts is one caller; whoever runs it can know.
      expect(limited.notices).toContainEqual({
        message: 'X-Forwarded-For not trusted',
        proxy: '198.51.100.9',
        setting: 'PARLEY_TRUST_PROXY',
      });
      expect(JSON.stringify(limited.notices)).not.toContain('10.0.0.1');
      // Words are the proxy's own key, all of them one.
      const words = ['unknown', '_hidden', 'x', '[', '-', '1.2'];
      const asked = Array.from({ length: 21 }, (_, i) => ask(words[i % words.length] as string));
      expect(await last(asked)).toEqual([401, 429]);
    } finally {
      await limited.close();
    }
  });

  it('announcements per user, ten at once', () =>
    withApp({}, async (app) => {
      const ask = async (userId: string, i: number) => {
        const url = i % 2 ? '/push/count' : '/push/getRoomInfo';
        const reply = await post(app, url, {
          roomId: 1,
          authToken: app.token({ sub: userId, sid: `s${i}` }),
        });
        return reply.json().code as number;
      };
      const codes: number[] = [];
      for (let i = 0; i < 11; i++) codes.push(await ask('3', i));
      expect(codes).toEqual([...Array<number>(10).fill(0), 1]);
      expect(await ask('4', 0)).toBe(0);
    }));
});
