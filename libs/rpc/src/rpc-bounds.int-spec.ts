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
