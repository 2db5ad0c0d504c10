import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import {
  DirectRedisClient,
  type DirectCall,
  type DirectRedisClientOptions,
  NotBegun,
} from './direct-redis-client.js';
import { fakeConnections } from './fake-connections.fixture.js';

interface Packet {
  id: string;
  pattern: string;
  data: unknown;
  replyTo: string;
  leftMs: number;
  sentAtMs: number;
  clock: string;
  expiresAt: number;
  correlationId?: string;
}

const settled = async () => {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
};

async function world(options: DirectRedisClientOptions = {}, fake = fakeConnections()) {
  const { connections, keys, subscriber, main } = fake;
  const client = new DirectRedisClient(connections, keys, 'me', options);
  await client.connect();
  /** A call, and how it ended. */
  const call = (data: unknown, over: Partial<DirectCall> = {}) => {
    const outcome: { response?: unknown; error?: AppError; code?: string; completed?: boolean } = {};
    const { reply, giveUp } = client.ask('logic.read', {
      service: 'logic',
      instanceId: 'a',
      data,
      endsAtMs: performance.now() + 10_000,
      replyBytes: 0,
      correlationId: undefined,
      ...over,
    });
    reply.then(
      (response) => Object.assign(outcome, { response, completed: true }),
      (error: AppError) => Object.assign(outcome, { error, code: error.code }),
    );
    return { outcome, giveUp };
  };
  /** Requests that have left, in order. */
  const sent = () =>
    main
      .flatMap((line) => line.slice(line.indexOf(' ') + 1).split('\n'))
      .map((text) => JSON.parse(text) as Packet);
  const reply = (...packets: object[]) =>
    void subscriber.emit('message', 't:rpc:reply:me', packets.map((p) => JSON.stringify(p)).join('\n'));
  return { ...fake, client, call, sent, reply };
}

/** A request with this text has so many bytes without its times. */
const bytesOf = (text: string, id = 'me/1') =>
  Buffer.byteLength(JSON.stringify({ pattern: 'logic.read', data: text, id, replyTo: 'me' }));

describe('a client', () => {
  it('listens to its own channel, once, and again at each later connection', async () => {
    const { client, subscriber, roles } = await world();
    await client.connect();
    const subscribe = 'subscribe t:rpc:reply:me';
    expect([roles, subscriber.commands]).toEqual([['rpc-client'], [subscribe]]);
    subscriber.emit('ready');
    expect(subscriber.commands).toHaveLength(1);
    subscriber.refuse = new Error('gone: nothing is rejected unheard');
    subscriber.emit('ready');
    subscriber.emit('ready');
    expect(subscriber.commands).toEqual([subscribe, subscribe, subscribe]);
    await settled();
  });

  it('sends a request to one instance, with what the callee needs to judge how late it is', async () => {
    const { call, main, sent } = await world();
    const before = performance.now();
    call(
      { n: 1 },
      { correlationId: 'c-1', instanceId: 'b', service: 'task-worker', endsAtMs: before + 5_000 },
    );
    call({ n: 2 });
    await settled();
    expect(main.map((line) => line.split(' ')[0])).toEqual(['t:rpc:task-worker:b', 't:rpc:logic:a']);
    const [first, second] = sent();
    expect(first).toMatchObject({
      pattern: 'logic.read',
      data: { n: 1 },
      replyTo: 'me',
      correlationId: 'c-1',
    });
    expect(first?.sentAtMs).toBeGreaterThanOrEqual(before);
    expect(first?.sentAtMs).toBeLessThanOrEqual(performance.now());
    expect((first?.sentAtMs ?? 0) + (first?.leftMs ?? 0)).toBeCloseTo(before + 5_000, 3);
    expect((first?.expiresAt ?? 0) - (first?.leftMs ?? 0)).toBeGreaterThan(Date.now() - 60_000);
    expect((first?.expiresAt ?? 0) - (first?.leftMs ?? 0)).toBeLessThanOrEqual(Date.now());
    expect(second).not.toHaveProperty('correlationId');
    expect(second?.clock).toBe(first?.clock);
    expect(second?.id).not.toBe(first?.id);
    // Another life of this process has another clock.
    const other = await world();
    other.call(1);
    await settled();
    expect(other.sent()[0]?.clock).not.toBe(first?.clock);
  });

  it('has nothing left, and not less, when a request leaves after its end', async () => {
    const { call, sent } = await world();
    call(1, { endsAtMs: performance.now() - 1_000 });
    await settled();
    expect(sent()[0]?.leftMs).toBe(0);
  });

  it('gives each call its own answer, whatever else comes in', async () => {
    const { call, sent, reply, subscriber, client } = await world();
    const calls = [call(1), call(2), call(3)];
    await settled();
    expect(client.pending).toBe(3);
    const [a, b, c] = sent().map(({ id }) => id);
    subscriber.emit('message', 't:rpc:reply:me', 'garbage{');
    reply({ nonsense: 1 }, { id: 'me/99', response: 'nobody' });
    reply({ id: b, response: { by: 'b' } }, { id: a, err: { code: 'NOT_FOUND' } });
    await settled();
    expect(calls.map(({ outcome }) => outcome)).toMatchObject([
      { error: { code: 'NOT_FOUND' } },
      { response: { by: 'b' }, completed: true },
      {},
    ]);
    expect(client.pending).toBe(1);
    reply({ id: c, response: 'c' }, { id: c, response: 'again' });
    await settled();
    expect(calls[2]?.outcome).toEqual({ response: 'c', completed: true });
    expect(client.pending).toBe(0);
  });

  it('fails at once where nobody listens, or when Redis refuses, with the reason', async () => {
    const { call, answers, client } = await world();
    answers.receivers = 0;
    const nobody = call(1);
    await settled();
    expect(nobody.outcome.error).toMatchObject({
      code: 'UNAVAILABLE',
      context: { service: 'logic', instanceId: 'a' },
    });
    expect(nobody.outcome.error).toBeInstanceOf(NotBegun);
    answers.receivers = new Error('READONLY');
    const refused = call(2);
    await settled();
    expect(refused.outcome.error).toMatchObject({ code: 'UNAVAILABLE', cause: answers.receivers });
    expect(refused.outcome.error).not.toBeInstanceOf(NotBegun);
    expect([client.pending, client.isFull]).toEqual([0, false]);
  });

  // Redis sends again what a lost connection left unanswered: the first time somebody may have listened.
  it('does not say that a call was not begun when its connection was made anew meanwhile', async () => {
    const { call, answers, mainConnection } = await world();
    answers.receivers = 0;
    answers.meanwhile = () => mainConnection.emit('ready');
    const unsure = call(1);
    await settled();
    answers.meanwhile = () => undefined;
    const later = call(2);
    await settled();
    expect(unsure.outcome.error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(unsure.outcome.error).not.toBeInstanceOf(NotBegun);
    expect(later.outcome.error).toBeInstanceOf(NotBegun);
  });

  it('forgets a call that is given up: an answer that comes later is nobody’s', async () => {
    const { call, sent, reply, client } = await world();
    const { outcome, giveUp } = call(1);
    await settled();
    giveUp();
    expect(client.pending).toBe(0);
    reply({ id: sent()[0]?.id, response: 'late' });
    expect(outcome).toEqual({});
  });

  it('leaves its connection when it is closed, and ends what waits', async () => {
    const { client, subscriber, call } = await world();
    const { outcome } = call(1);
    await settled();
    await client.close();
    await settled();
    expect(subscriber.commands.at(-1)).toBe('disconnect');
    expect(outcome.error).toBeInstanceOf(Error);
    expect(client.pending).toBe(0);
  });
});

describe('the bounds of a client', () => {
  const refused = { error: { code: 'OVERLOADED', retryAfterMs: 1_000 } };

  it('are ten thousand calls, unless it is told another number', async () => {
    const { call, client } = await world();
    for (let n = 0; n < 9_999; n++) call(n);
    await settled();
    expect(client.isFull).toBe(false);
    call('last');
    await settled();
    expect(client.isFull).toBe(true);
    const { outcome } = call('more');
    await settled();
    expect(outcome).toMatchObject({
      error: { ...refused.error, context: { service: 'logic', instanceId: 'a', waiting: 10_000 } },
    });
  });

  it('let a call in when another one was answered, given up or undelivered', async () => {
    const { call, sent, reply, answers, client } = await world({ maxCallsWaiting: 1 });
    const refuses = async () => {
      const { outcome } = call('no');
      await settled();
      expect(outcome).toMatchObject(refused);
    };
    call(1);
    await settled();
    await refuses();
    reply({ id: sent()[0]?.id, response: 1 });
    const { giveUp } = call(2);
    await settled();
    await refuses();
    giveUp();
    answers.receivers = 0;
    call(3);
    await settled();
    expect(client.isFull).toBe(false);
    expect(sent().map(({ data }) => data)).toEqual([1, 2, 3]);
  });

  it('count the bytes that wait, each call once, until it has ended', async () => {
    const text = 'ж'.repeat(100);
    const { call, sent, reply, client } = await world({ maxBytesWaiting: 2 * bytesOf(text) });
    const [first, second] = [call(text), call(text)];
    await settled();
    expect(client.isFull).toBe(true);
    const { outcome } = call(text);
    await settled();
    expect(outcome).toMatchObject(refused);
    reply({ id: sent()[0]?.id, response: 1 });
    first.giveUp();
    first.giveUp();
    expect(client.isFull).toBe(false);
    const third = call(text);
    await settled();
    expect(client.isFull).toBe(true);
    second.giveUp();
    expect(client.isFull).toBe(false);
    third.giveUp();
    // As much room as in the beginning.
    call(text);
    await settled();
    expect(client.isFull).toBe(false);
    call(text);
    await settled();
    expect(client.isFull).toBe(true);
  });

  it('send four mebibytes at once and no more', async () => {
    const { call, client, sent } = await world();
    const most = 4 * 1024 * 1024 - bytesOf('');
    const over = call('ж'.repeat(most / 2 + 1));
    await settled();
    expect(over.outcome.error).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      context: { service: 'logic', pattern: 'logic.read' },
    });
    expect(client.pending).toBe(0);
    call('x'.repeat(most - 1));
    await settled();
    expect(sent()).toHaveLength(1);
  });

  it('let a mebibyte be under way to one instance; what comes beyond waits, and others do not', async () => {
    const { call, sent, reply } = await world();
    const half = 'x'.repeat(512 * 1024 - bytesOf('', 'me/10'));
    const calls = [call(half), call(half), call('next'), call('other', { instanceId: 'b' })];
    await settled();
    expect(sent().map(({ id }) => id)).toEqual(['me/1', 'me/2', 'me/4']);
    reply({ id: 'me/1', response: 1 });
    await settled();
    expect(sent().at(-1)?.id).toBe('me/3');
    for (const { giveUp } of calls) giveUp();
  });

  it('tell what leaves late how much time it has left then, and send nothing that was given up', async () => {
    const { call, sent } = await world({ maxBytesUnderWay: 1 });
    const first = call('a');
    const second = call('b');
    const third = call('c', { endsAtMs: performance.now() + 10_000 });
    await settled();
    second.giveUp();
    const until = performance.now() + 5;
    while (performance.now() < until);
    first.giveUp();
    await settled();
    expect(sent().map(({ data }) => data)).toEqual(['a', 'c']);
    expect(sent()[1]?.leftMs).toBeLessThanOrEqual(9_995);
    third.giveUp();
  });

  it('let eight mebibytes of announced replies be under way; what has a small reply does not wait', async () => {
    const { call, sent, reply } = await world();
    const mebibytes = 4 * 1024 * 1024;
    call('1', { replyBytes: mebibytes });
    call('2', { replyBytes: mebibytes, instanceId: 'b' });
    const third = call('3', { replyBytes: 1 });
    call('4', { replyBytes: 0 });
    await settled();
    expect(sent().map(({ data }) => data)).toEqual(['1', '4', '2']);
    third.giveUp();
    call('5', { replyBytes: 1 });
    reply({ id: 'me/1', response: 1 });
    await settled();
    expect(sent().at(-1)?.data).toBe('5');
  });
});
