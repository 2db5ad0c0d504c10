import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { refusal, rpcWorld, testRpc } from './rpc.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async () => rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'));
const target = 'a';

describe('calls waiting in one process', () => {
  it('are taken up to the bound; one more is refused at once, unsent, until one has ended', async () => {
    const { serve, client, held, calls, keys, connect } = await world();
    await serve('a');
    const { rpc, direct } = await client('caller', { maxCallsWaiting: 3 });
    const packets: string[] = [];
    const tap = connect().createSubscriber('tap');
    tap.on('message', (_channel: string, text: string) => packets.push(text));
    await tap.subscribe(keys.rpcRequests('logic', 'a'));

    const waiting = [1, 2, 3].map((n) => rpc.call(testRpc.held, { n }, { target }));
    await eventually(() => expect(held).toHaveLength(3));
    for (const options of [{ target }, {}]) {
      const error = await refusal(rpc.call(testRpc.read, { n: 4 }, options));
      expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1_000 });
    }
    expect(direct.pending).toBe(3);

    held[1]?.();
    expect(await waiting[1]).toEqual({ by: 'a' });
    expect(await rpc.call(testRpc.read, { n: 5 }, { target })).toEqual({ by: 'a' });
    held.forEach((answer) => answer());
    await Promise.all(waiting);
    expect(calls).not.toContain('read a 4');
    expect(packets.join('\n')).not.toContain('"n":4');
    expect(direct.pending).toBe(0);
  });

  it('give their place back when their deadline ends them', async () => {
    const { serve, client } = await world();
    await serve('a');
    const { rpc } = await client('caller', { maxCallsWaiting: 1 });
    const late = refusal(rpc.call(testRpc.silentWrite, { n: 1 }, { target, deadlineMs: 200 }));
    expect((await refusal(rpc.call(testRpc.write, { n: 2 }, { target }))).code).toBe('OVERLOADED');
    expect((await late).code).toBe('DEADLINE_EXCEEDED');
    expect(await rpc.call(testRpc.write, { n: 3 }, { target })).toEqual({ by: 'a' });
  });
});

describe('bytes of the calls of one process', () => {
  const text = 'x'.repeat(1_000);

  it('to one instance are under way up to the bound; the next waits for its turn, and others do not', async () => {
    const { serve, client, held } = await world();
    await serve('a');
    await serve('b');
    const { rpc } = await client('caller', { maxBytesUnderWay: 2_500 });
    const call = (n: number, target: string) => rpc.call(testRpc.held, { n, text }, { target });
    const toA = [1, 2, 3].map((n) => call(n, 'a'));
    await eventually(() => expect(held).toHaveLength(2));
    const toB = call(4, 'b');
    await eventually(() => expect(held).toHaveLength(3));
    // Small, but not before its turn.
    const small = rpc.call(testRpc.read, { n: 5 }, { target: 'a' });
    held[2]?.();
    expect(await toB).toEqual({ by: 'b' });
    expect(held).toHaveLength(3);
    held[0]?.();
    await eventually(() => expect(held).toHaveLength(4));
    expect(await small).toEqual({ by: 'a' });
    held.forEach((answer) => answer());
    await Promise.all(toA);
  });

  it('give their room back when the deadline ends them, under way or waiting', async () => {
    const { serve, client, calls } = await world();
    await serve('a');
    const { rpc } = await client('caller', { maxBytesUnderWay: 1_500 });
    const late = [300, 100].map((deadlineMs, n) =>
      refusal(rpc.call(testRpc.silentWrite, { n, text }, { target, deadlineMs })),
    );
    expect((await Promise.all(late)).map(({ code }) => code)).toEqual([
      'DEADLINE_EXCEEDED',
      'DEADLINE_EXCEEDED',
    ]);
    expect(await rpc.call(testRpc.write, { n: 3, text }, { target })).toEqual({ by: 'a' });
    expect(calls).toEqual(['silentWrite a 0', 'write a 3']);
  });

  it('waiting in all are bounded; one more is refused at once', async () => {
    const { serve, client, held } = await world();
    await serve('a');
    const { rpc } = await client('caller', { maxBytesWaiting: 2_000 });
    const call = (n: number) => rpc.call(testRpc.held, { n, text }, { target });
    const waiting = [1, 2].map(call);
    await eventually(() => expect(held).toHaveLength(2));
    expect(await refusal(call(3))).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1_000 });
    held.forEach((answer) => answer());
    await Promise.all(waiting);
    expect(await rpc.call(testRpc.write, { n: 4, text }, { target })).toEqual({ by: 'a' });
  });

  it('of one request are four mebibytes at the most', async () => {
    const { serve, client } = await world();
    await serve('a');
    const { rpc } = await client();
    const mebibytes = 4 * 1024 * 1024;
    const write = (length: number) => rpc.call(testRpc.write, { n: 1, text: 'x'.repeat(length) }, { target });
    expect(await write(mebibytes - 1_000)).toEqual({ by: 'a' });
    expect((await refusal(write(mebibytes))).code).toBe('PAYLOAD_TOO_LARGE');
  });

  it('of one reply likewise: it is answered INTERNAL, and said', async () => {
    const { serve, client, errors } = await world();
    await serve('a');
    const { rpc } = await client();
    const mebibytes = 4 * 1024 * 1024;
    const large = (n: number) => rpc.call(testRpc.large, { n }, { target });
    expect((await large(mebibytes - 1_000)).by).toHaveLength(mebibytes - 1_000);
    expect((await refusal(large(mebibytes))).code).toBe('INTERNAL');
    expect(errors).toMatchObject([{ code: 'INTERNAL', context: { pattern: 'logic.large' } }]);
  });

  it('of announced replies are eight mebibytes under way; what has a small reply does not wait', async () => {
    const { serve, client, keys, connect } = await world();
    await serve('a');
    const { rpc } = await client();
    const requests: string[] = [];
    const tap = connect().createSubscriber('tap');
    tap.on('message', (_channel: string, text: string) => requests.push(...text.split('\n')));
    await tap.subscribe(keys.rpcRequests('logic', 'a'));
    const mebibytes = 3 * 1024 * 1024;
    const pages = [1, 2, 3].map(() => rpc.call(testRpc.large, { n: mebibytes }, { target }));
    const small = rpc.call(testRpc.write, { n: 1 }, { target });
    await small;
    await Promise.all(pages);
    // The third page was asked for when one of the others had come.
    expect(requests.map((text) => (JSON.parse(text) as { pattern: string }).pattern)).toEqual([
      'logic.large',
      'logic.large',
      'logic.write',
      'logic.large',
    ]);
  });
});

describe('requests in the hands of one server', () => {
  it('are run up to the bound; one more is answered OVERLOADED and not run, until one has ended', async () => {
    const { serve, client, held, calls, errors } = await world();
    await serve('a', { maxRequestsInHand: 3 });
    const { rpc } = await client();
    const inHand = [1, 2, 3].map((n) => rpc.call(testRpc.held, { n }, { target }));
    await eventually(() => expect(held).toHaveLength(3));
    const error = await refusal(rpc.call(testRpc.write, { n: 4 }, { target }));
    expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1_000 });
    expect(errors).toMatchObject([{ code: 'OVERLOADED', context: { inHand: 3 } }]);

    held[0]?.();
    expect(await inHand[0]).toEqual({ by: 'a' });
    expect(await rpc.call(testRpc.write, { n: 5 }, { target })).toEqual({ by: 'a' });
    held.forEach((answer) => answer());
    await Promise.all(inHand);
    expect(calls).not.toContain('write a 4');
  });

  it('that are refused go to another instance when they are idempotent, and only then', async () => {
    const { serve, client, held, registry, errors } = await world();
    await serve('a', { maxRequestsInHand: 1 });
    await serve('b');
    const { rpc } = await client();
    const busy = rpc.call(testRpc.held, { n: 0 }, { target });
    await eventually(() => expect(held).toHaveLength(1));
    // Two in turn: one of each would go to the busy one first.
    for (const n of [1, 2]) expect(await rpc.call(testRpc.read, { n })).toEqual({ by: 'b' });
    const writes = await Promise.allSettled([1, 2].map((n) => rpc.call(testRpc.write, { n })));
    expect(writes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await refusal(rpc.call(testRpc.read, { n: 3 }, { target }))).code).toBe('OVERLOADED');

    // Alone, it is not asked twice: it is as busy as it was.
    await registry.deregister('logic', 'b');
    errors.length = 0;
    expect((await refusal(rpc.call(testRpc.read, { n: 4 }))).code).toBe('OVERLOADED');
    expect(errors).toHaveLength(1);
    held.forEach((answer) => answer());
    await busy;
  });
});
