import { currentTraceparent, setTracer } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { of } from 'rxjs';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DirectRedisServer, type DirectRedisServerOptions } from './direct-redis-server.js';
import { fakeConnections } from './fake-connections.fixture.js';

afterEach(() => void vi.useRealTimers());

/** Until handlers that wait for nothing have answered, and their replies are out. */
const settled = async () => {
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
};

interface Reply {
  readonly id: string;
  readonly response?: unknown;
  readonly err?: unknown;
}

async function world(options: Partial<DirectRedisServerOptions> = {}) {
  const fake = fakeConnections();
  const { connections, keys, subscriber, main } = fake;
  const errors: [unknown, string][] = [];
  const server = new DirectRedisServer({
    ...{ connections, keys, service: 'logic', instanceId: 'a' },
    onError: (error, pattern) => errors.push([error, pattern]),
    ...options,
  });
  const held: ((value: unknown) => void)[] = [];
  const ran: unknown[] = [];
  server.addHandler('hold', async (n) => {
    ran.push(n);
    return new Promise((resolve) => held.push(resolve));
  });
  server.addHandler('echo', async (data) => (ran.push(data), data));
  server.addHandler('stream', async () => of('first', 'last'));
  server.addHandler('fail', async (code: AppError['code'] | 'bug') => {
    if (code === 'bug') throw new TypeError('internals');
    throw new AppError(code, { fields: ['f'], retryAfterMs: 3, context: { secret: 1 } });
  });
  const started = vi.fn();
  await server.listen(started);
  const request = (pattern: string, data: unknown, over: object = {}) =>
    JSON.stringify({ pattern, data, id: `i${String(data)}`, replyTo: 'caller', ...over });
  const say = (...packets: string[]) => void subscriber.emit('message', 't:rpc:logic:a', packets.join('\n'));
  /** Replies that are out, by channel, in the order of their ids. */
  const replies = () => {
    const out: (readonly [string, Reply])[] = [];
    for (const line of main.filter((command) => command !== 'ping')) {
      const at = line.indexOf(' ');
      for (const text of line.slice(at + 1).split('\n'))
        out.push([line.slice(0, at), JSON.parse(text) as Reply]);
    }
    return out.sort(([, a], [, b]) => (a.id < b.id ? -1 : 1));
  };
  return { ...fake, server, errors, held, ran, started, request, say, replies };
}

describe('a server', () => {
  it('listens to its own channel, and says when Redis has confirmed it, or refused', async () => {
    const { subscriber, started, roles } = await world();
    expect([roles, subscriber.commands]).toEqual([['rpc-server'], ['subscribe t:rpc:logic:a']]);
    expect(started.mock.calls).toEqual([[]]);

    const { connections, keys, subscriber: other } = fakeConnections();
    const refused = new DirectRedisServer({ connections, keys, service: 'logic', instanceId: 'a' });
    other.refuse = new Error('no');
    const callback = vi.fn();
    await refused.listen(callback);
    expect(callback.mock.calls).toEqual([[other.refuse]]);
  });

  it('subscribes again at each later connection, not at the first, and says when it could not', async () => {
    const { subscriber, errors } = await world();
    subscriber.emit('ready');
    expect(subscriber.commands).toHaveLength(1);
    subscriber.emit('ready');
    subscriber.emit('ready');
    expect(subscriber.commands).toEqual(Array(3).fill('subscribe t:rpc:logic:a'));
    await settled();
    subscriber.refuse = new Error('gone');
    subscriber.emit('ready');
    await settled();
    expect(errors).toEqual([[subscriber.refuse, 'subscribe']]);
  });

  it('answers each request to the caller it names, under its id', async () => {
    const { say, request, replies } = await world();
    say(request('echo', 1), request('echo', 2, { replyTo: 'other' }), request('stream', 3));
    await settled();
    expect(replies()).toEqual([
      ['t:rpc:reply:caller', { id: 'i1', response: 1, isDisposed: true }],
      ['t:rpc:reply:other', { id: 'i2', response: 2, isDisposed: true }],
      ['t:rpc:reply:caller', { id: 'i3', response: 'last', isDisposed: true }],
    ]);
  });

  it('answers an error by its code and what may be known, and reports only what nobody meant', async () => {
    const { say, request, replies, errors, server } = await world();
    say(request('fail', 'NOT_FOUND'), request('fail', 'bug'), request('nobody', 1));
    await settled();
    expect(replies().map(([, reply]) => reply)).toEqual([
      { id: 'i1', err: { code: 'UNAVAILABLE' }, isDisposed: true },
      { id: 'iNOT_FOUND', err: { code: 'NOT_FOUND', fields: ['f'], retryAfterMs: 3 }, isDisposed: true },
      { id: 'ibug', err: { code: 'INTERNAL' }, isDisposed: true },
    ]);
    expect(errors).toEqual([[expect.any(TypeError), 'fail']]);
    expect(server.load).toBe(0);
  });

  it('answers what nobody meant also where nobody is told of it', async () => {
    const { say, request, replies, server } = await world({ onError: undefined });
    say(request('fail', 'bug'));
    await settled();
    expect(replies()).toEqual([
      ['t:rpc:reply:caller', { id: 'ibug', err: { code: 'INTERNAL' }, isDisposed: true }],
    ]);
    expect(server.load).toBe(0);
  });

  it('runs a handler with the correlation id of its caller, where there is one', async () => {
    const ids: string[] = [];
    const { say, request, ran } = await world({
      withCorrelationId: (id, fn) => (ids.push(id), fn()),
    });
    say(request('echo', 1, { correlationId: 'c-1' }), request('echo', 2));
    await settled();
    expect(ran).toEqual([1, 2]);
    expect(ids).toEqual(['c-1']);
  });

  it('takes so many requests in hand, and counts those that have ended or failed no more', async () => {
    const { say, request, held, ran, server, replies, errors } = await world({ maxRequestsInHand: 2 });
    say(request('hold', 1), request('hold', 2), request('echo', 3));
    await settled();
    expect([ran, server.load]).toEqual([[1, 2], 2]);
    const refused = { id: 'i3', err: { code: 'OVERLOADED', retryAfterMs: 1_000 }, isDisposed: true };
    expect(replies()).toEqual([['t:rpc:reply:caller', refused]]);
    expect(errors).toMatchObject([[{ code: 'OVERLOADED', context: { inHand: 2 } }, 'overloaded']]);
    held[0]?.('x');
    await settled();
    expect(server.load).toBe(1);
    say(request('fail', 'bug'));
    await settled();
    say(request('echo', 4));
    await settled();
    expect([ran, server.load]).toEqual([[1, 2, 4], 1]);
  });

  it('takes five thousand when nothing is said', async () => {
    const { say, request, server, errors } = await world();
    say(...Array.from({ length: 5_001 }, (_, n) => request('hold', n)));
    expect([server.load, errors.length]).toEqual([5_000, 1]);
  });

  it('does not run what came after its caller had given up, and runs what is just in time', async () => {
    let nowMs = 1_000;
    const onExpired = vi.fn();
    const { say, request, ran, replies, errors } = await world({ now: () => nowMs, onExpired });
    const sent = (n: number, sentAtMs: number, leftMs: number) =>
      say(request('echo', n, { clock: 'c', sentAtMs, leftMs }));
    sent(1, 0, 10);
    nowMs = 2_000;
    sent(2, 900, 100);
    expect(onExpired).not.toHaveBeenCalled();
    sent(3, 899, 100);
    await settled();
    expect(ran).toEqual([1, 2]);
    expect(onExpired).toHaveBeenCalledTimes(1);
    await settled();
    expect(replies().find(([, { id }]) => id === 'i3')?.[1]).toEqual({
      id: 'i3',
      err: { code: 'DEADLINE_EXCEEDED' },
      isDisposed: true,
    });
    const context = { pattern: 'echo', lateMs: 101 };
    expect(errors).toMatchObject([[{ code: 'DEADLINE_EXCEEDED', context }, 'expired']]);
    // Each of the three has to be there; a caller of 0.1 says none of them.
    for (const part of ['clock', 'sentAtMs', 'leftMs'])
      say(request('echo', part, { clock: 'c', sentAtMs: 0, leftMs: 0, [part]: undefined }));
    expect(ran).toEqual([1, 2, 'clock', 'sentAtMs', 'leftMs']);
  });

  it('reports what is no request, answers nobody, and goes on', async () => {
    const { say, request, ran, errors, main } = await world();
    say('{', JSON.stringify({ id: 'x' }), request('echo', 1));
    expect(errors.map(([, pattern]) => pattern)).toEqual(['envelope', 'envelope']);
    expect(ran).toEqual([1]);
    await settled();
    expect(main).toHaveLength(1);
  });

  it('answers INTERNAL for what is too large to be sent, and says of what', async () => {
    const { say, request, replies, errors } = await world();
    const most = 4 * 1024 * 1024 - JSON.stringify({ id: 'i0', response: '', isDisposed: true }).length;
    ['x'.repeat(most), 'x'.repeat(most + 1), 'ж'.repeat(most / 2 + 1)].forEach((text, n) =>
      say(request('echo', text, { id: `i${n}` })),
    );
    await settled();
    expect(
      replies().map(([, { id, err, response }]) => [id, err, (response as string | undefined)?.length]),
    ).toEqual([
      ['i0', undefined, most],
      ['i1', { code: 'INTERNAL' }, undefined],
      ['i2', { code: 'INTERNAL' }, undefined],
    ]);
    expect(errors.map(([, what]) => what)).toEqual(['reply too large', 'reply too large']);
    expect(errors[0]?.[0]).toMatchObject({ context: { pattern: 'echo', bytes: 4 * 1024 * 1024 + 1 } });
  });

  it('leaves its connection when it is closed', async () => {
    const { server, subscriber } = await world();
    await server.close();
    expect(subscriber.commands.at(-1)).toBe('disconnect');
  });
});

// A stopping logic closed its connections with requests in hand: their callers waited half a deadline.
describe('a server that drains', () => {
  async function draining(withinMs = 5_000) {
    const all = await world();
    all.say(all.request('hold', 1), all.request('hold', 2));
    vi.useFakeTimers();
    let drained = false;
    const drain = all.server.drain(withinMs).then(() => (drained = true));
    return { ...all, drain, isDrained: () => drained };
  }

  it('unsubscribes first, and finishes what is in hand: all of it', async () => {
    const { subscriber, held, main, isDrained, drain, replies } = await draining();
    expect(subscriber.commands.at(-1)).toBe('unsubscribe t:rpc:logic:a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isDrained()).toBe(false);
    held[0]?.('one');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isDrained()).toBe(false);
    held[1]?.('two');
    await vi.advanceTimersByTimeAsync(100);
    await drain;
    expect(replies().map(([, { response }]) => response)).toEqual(['one', 'two']);
    // What is asked after them on their connection: they are out.
    expect(main.at(-1)).toBe('ping');
  });

  it('still takes what comes before Redis has confirmed that it listens no more', async () => {
    const { server, subscriber, say, request, held, replies } = await world();
    let confirm: () => void = () => undefined;
    subscriber.hold = new Promise<void>((resolve) => (confirm = resolve));
    let drained = false;
    const drain = server.drain(5_000).then(() => (drained = true));
    say(request('hold', 1));
    confirm();
    await settled();
    expect(drained).toBe(false);
    held[0]?.('late');
    await drain;
    expect(replies().map(([, { response }]) => response)).toEqual(['late']);
  });

  it('is not drained before its replies are out', async () => {
    const { server, answers } = await world();
    let answer: (value: unknown) => void = () => undefined;
    answers.ping = new Promise((resolve) => (answer = resolve));
    let drained = false;
    const drain = server.drain(5_000).then(() => (drained = true));
    await settled();
    expect(drained).toBe(false);
    answer('PONG');
    await drain;
  });

  it('asks for its last word after its replies, also those of this very turn', async () => {
    const { server, subscriber, say, request, main } = await world();
    // Confirmed in this turn, but after the handler has ended.
    subscriber.hold = (async () => {
      for (let n = 0; n < 100; n++) await Promise.resolve();
    })();
    say(request('echo', 1));
    await server.drain(5_000);
    expect(main.map((line) => line.split(' ')[0])).toEqual(['t:rpc:reply:caller', 'ping']);
  });

  it('waits no longer than it is told', async () => {
    const { isDrained, drain, main } = await draining(200);
    await vi.advanceTimersByTimeAsync(190);
    expect(isDrained()).toBe(false);
    await vi.advanceTimersByTimeAsync(50);
    await drain;
    expect(main).toEqual(['ping']);
  });

  it('has nothing to wait for when it never listened', async () => {
    const { connections, keys, main } = fakeConnections();
    await new DirectRedisServer({ connections, keys, service: 'logic', instanceId: 'a' }).drain(1_000);
    expect(main).toEqual(['ping']);
  });
});

describe('what is told of a request', () => {
  it('is its method and how it ended; a name that nobody serves is none of them', async () => {
    const told: string[] = [];
    const { say, request } = await world({
      onHandled: (method, _seconds, outcome) => void told.push(`${method} ${outcome}`),
    });
    say(
      request('echo', 1),
      request('fail', 'RATE_LIMITED'),
      request('fail', 'bug'),
      request('no-such-method', 2),
    );
    await settled();
    expect(told.sort()).toEqual(['echo ok', 'fail INTERNAL', 'fail RATE_LIMITED', 'unknown UNAVAILABLE']);
  });

  it('is too late, or too much, too', async () => {
    const told: string[] = [];
    let nowMs = 0;
    const { say, request } = await world({
      maxRequestsInHand: 1,
      now: () => nowMs,
      onHandled: (method, _seconds, outcome) => void told.push(`${method} ${outcome}`),
    });
    const times = { clock: 'c', sentAtMs: 0, leftMs: 10 };
    say(request('hold', 1, times));
    say(request('echo', 2));
    nowMs = 1_000;
    say(request('echo', 3, times));
    await settled();
    expect(told).toEqual(['echo OVERLOADED', 'echo DEADLINE_EXCEEDED']);
  });

  it('is a span when the request is part of a trace, and the handler runs in it', async () => {
    const spans: string[] = [];
    setTracer({
      root: () => undefined,
      child: (name, kind, parent) => ({
        traceparent: `${parent}/${name}`,
        isOver: false,
        end: (error) => void spans.push([parent, name, kind, error ?? 'ok'].join(' ')),
      }),
    });
    onTestFinished(() => setTracer(undefined));
    const { server, say, request, replies } = await world();
    server.addHandler('where', async () => currentTraceparent());
    say(
      request('where', 1, { traceparent: 'p' }),
      request('where', 2),
      request('no-such-method', 3, { traceparent: 'p' }),
    );
    await settled();
    expect(replies().map(([, { response }]) => response)).toEqual(['p/where', undefined, undefined]);
    expect(spans.sort()).toEqual(['p unknown server UNAVAILABLE', 'p where server ok']);
  });
});
