import { describe, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.js';
import { ParleyApi } from './parley-api.js';
import { ack, message, page } from './testing/scripted-server.js';

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

/** An API whose answers are given; every call is recorded. */
function setUp(status: number, body: unknown) {
  const calls: Call[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    calls.push({ url, init });
    return new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), {
      status,
    });
  }) as typeof globalThis.fetch;
  return { api: new ParleyApi({ baseUrl: 'http://api.test/', fetch, getToken: () => 'T' }), calls };
}
const user = { userId: 3, userName: 'demo', role: 'user' as const };
const room = { roomId: 1, name: 'Lobby', kind: 'room' as const, online: 2 };
const { op: _op, ...ackBody } = ack('key', 9);

describe('ParleyApi', () => {
  const session = { token: 'T', expiresAt: 1, user };
  const conversations = [{ roomId: 90, peer: { userId: 4, userName: 'demo1' }, head: 2 }];
  const members = { count: 1, members: [{ userId: 3, userName: 'demo' }] };

  it.each<[string, string, unknown, (api: ParleyApi) => Promise<unknown>, unknown]>([
    ['POST', '/v1/register', session, (api) => api.register('demo', '111111'), session],
    ['POST', '/v1/login', session, (api) => api.login('demo', '111111'), session],
    ['GET', '/v1/me', user, (api) => api.me(), user],
    ['GET', '/v1/rooms', { rooms: [room] }, (api) => api.rooms(), [room]],
    [
      'GET',
      '/v1/rooms?limit=2&cursor=9-4',
      { rooms: [room], next: '8-3' },
      (api) => api.roomsPage({ limit: 2, cursor: '9-4' }),
      { rooms: [room], next: '8-3' },
    ],
    [
      'GET',
      '/v1/conversations?cursor=9-4',
      { conversations },
      (api) => api.conversationsPage({ cursor: '9-4' }),
      { conversations },
    ],
    ['POST', '/v1/rooms', room, (api) => api.createRoom('Lobby'), room],
    ['GET', '/v1/rooms/1', room, (api) => api.room(1), room],
    ['GET', '/v1/rooms/1/members', members, (api) => api.members(1), members],
    ['GET', '/v1/rooms/1/messages', page([message(1)]), (api) => api.history(1), page([message(1)])],
    [
      'GET',
      '/v1/rooms/1/messages?after=5&limit=20',
      page([]),
      (api) => api.history(1, { after: 5, limit: 20 }),
      page([]),
    ],
    ['POST', '/v1/rooms/1/messages', ackBody, (api) => api.send(1, 'hi'), ackBody],
    ['POST', '/v1/users/4/messages', ackBody, (api) => api.sendDirect(4, 'hi'), ackBody],
    ['GET', '/v1/conversations', { conversations }, (api) => api.conversations(), conversations],
    [
      'GET',
      '/v1/conversations?peer=4',
      { conversations },
      (api) => api.conversationWith(4),
      conversations[0],
    ],
    // A server of before answers with the first page.
    ['GET', '/v1/conversations?peer=5', { conversations }, (api) => api.conversationWith(5), undefined],
  ])('%s %s', async (method, path, body, call, expected) => {
    const { api, calls } = setUp(200, body);
    expect(await call(api)).toEqual(expected);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ url: `http://api.test${path}`, init: { method } });
  });

  it('asks for the page it is told also where URLSearchParams has no size', async () => {
    const { api, calls } = setUp(200, page([]));
    const size = vi.spyOn(URLSearchParams.prototype, 'size', 'get').mockReturnValue(undefined as never);
    await api.history(1, { before: 5 });
    size.mockRestore();
    // Regression: such a browser got the newest page whatever it asked for.
    expect(calls[0]?.url).toBe('http://api.test/v1/rooms/1/messages?before=5');
  });

  it('sends the token, but not to register or log in', async () => {
    const { api, calls } = setUp(204, '');
    await api.logout();
    await api.login('demo', '111111').catch(() => {});
    expect(calls[0]?.init.headers).toMatchObject({ authorization: 'Bearer T' });
    expect(calls[1]?.init.headers).not.toHaveProperty('authorization');
    expect(calls[1]?.init.body).toBe('{"userName":"demo","password":"111111"}');
  });

  it('gives every send an idempotency key, and takes the caller’s', async () => {
    const { api, calls } = setUp(201, ackBody);
    await api.send(1, 'hi', { idempotencyKey: 'mine' });
    await api.send(1, 'hi');
    expect(calls[0]?.init.headers).toMatchObject({ 'idempotency-key': 'mine' });
    expect((calls[1]?.init.headers as Record<string, string>)['idempotency-key']).toMatch(/^[\da-f-]{36}$/);
  });

  it('asks for rooms and guests with the key that it is given, and without one with none', async () => {
    const { api, calls } = setUp(204, '');
    const ask = (promise: Promise<unknown>) => promise.catch(() => undefined);
    await ask(api.createRoom('Maths', { listed: false, key: 'k1' }));
    await ask(api.enterAsGuest('secret', 'Ada', 'k2'));
    await ask(api.createRoom('Maths'));
    await ask(api.enterAsGuest('secret', 'Ada'));
    const keys = calls.map(({ init }) => (init.headers as Record<string, string>)['idempotency-key']);
    expect(keys).toEqual(['k1', 'k2', undefined, undefined]);
    expect(calls[0]?.init.body).toBe('{"name":"Maths","listed":false}');
  });

  it('throws the problem document', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Slow down.',
      status: 429,
      code: 'RATE_LIMITED',
      retryable: true,
    };
    const error = await setUp(429, { ...problem, retryAfterMs: 500 })
      .api.me()
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      retryable: true,
      message: 'Slow down.',
      problem: { retryAfterMs: 500 },
    });
  });

  it('says how long to wait: as the problem says, or the header of whoever answers in its place', async () => {
    const answering = (headers: Record<string, string>, body: object | string) =>
      new ParleyApi({
        baseUrl: 'http://x',
        fetch: async () =>
          new Response(typeof body === 'string' ? body : JSON.stringify(body), { status: 503, headers }),
      })
        .me()
        .catch((error: ApiError) => error.retryAfterMs);
    const problem = { type: 'about:blank', title: '', status: 503, code: 'UNAVAILABLE', retryable: true };
    expect(await answering({ 'retry-after': '2' }, { ...problem, retryAfterMs: 1_500 })).toBe(1_500);
    expect(await answering({ 'retry-after': '2' }, problem)).toBe(2_000);
    expect(await answering({ 'retry-after': '120' }, '<html>')).toBe(120_000);
    expect(await answering({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, '<html>')).toBeUndefined();
    expect(await answering({}, problem)).toBeUndefined();
  });

  it('throws an ApiError whatever a proxy in between answers', async () => {
    const get = (status: number, body: unknown) => setUp(status, body).api.me();
    await expect(get(502, '<html>')).rejects.toMatchObject({
      status: 502,
      code: 'BAD_RESPONSE',
      retryable: true,
    });
    await expect(get(404, '<html>')).rejects.toMatchObject({
      status: 404,
      code: 'BAD_RESPONSE',
      retryable: false,
    });
    await expect(get(200, '<html>')).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
    await expect(get(200, { userId: 'x' })).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
  });

  it('throws NETWORK when no answer comes', async () => {
    const failing = new ParleyApi({ baseUrl: 'http://x', fetch: () => Promise.reject(new TypeError('no')) });
    await expect(failing.me()).rejects.toMatchObject({ status: 0, code: 'NETWORK', retryable: true });
    const hanging: typeof globalThis.fetch = (_url, init) =>
      new Promise((_resolve, reject) =>
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    const slow = new ParleyApi({ baseUrl: 'http://x', fetch: hanging, timeoutMs: 20 });
    await expect(slow.me()).rejects.toMatchObject({ code: 'NETWORK' });
  });
});
