import { eventually, sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { refusal, rpcWorld, testRpc } from '../rpc.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async () => rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'), 'over links');
/** Far longer than a test may take: nobody waits for a deadline. */
const deadlineMs = 600_000;

describe('calls over links', () => {
  it('leave Redis alone, and their replies, too', async () => {
    const { serve, client, connect, keys } = await world();
    await serve('a');
    const { rpc, linkTo } = await client();
    await linkTo('a');
    const heard: string[] = [];
    const tap = connect().createSubscriber('tap');
    tap.on('message', (_channel: string, text: string) => heard.push(text));
    await tap.subscribe(keys.rpcRequests('logic', 'a'), keys.rpcReplies('caller'));
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    await Promise.all(numbers.map((n) => rpc.call(testRpc.write, { n })));
    expect(await rpc.call(testRpc.large, { n: 1_000_000 })).toEqual({ by: 'x'.repeat(1_000_000) });
    // What was published before this has been heard.
    await connect().main.publish(keys.rpcReplies('caller'), 'end');
    await eventually(() => expect(heard).toContain('end'));
    expect(heard).toEqual(['end']);
  });

  it('are answered while Redis is away', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { serve, client } = rpcWorld(redis.url, uniquePrefix('rpc'), 'over links');
    await serve('a');
    const { rpc, linkTo } = await client();
    await linkTo('a');
    await redis.kill();
    expect(await rpc.call(testRpc.write, { n: 1 })).toEqual({ by: 'a' });
  });

  // Through Redis, nobody knows that a callee is gone before its answer is late.
  it('fail at once when the callee is gone, and are not repeated', async () => {
    const { serve, serveDraining, client, calls } = await world();
    const a = await serveDraining('a');
    const { rpc, linkTo } = await client();
    await linkTo('a');
    const refused = [{}, { target: 'a' }].map((way, n) =>
      refusal(rpc.call(testRpc.silentWrite, { n }, { ...way, deadlineMs })),
    );
    await eventually(() => expect(calls).toHaveLength(2));
    await serve('b');
    await a.close();
    expect((await Promise.all(refused)).map(({ code }) => code)).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(calls).toHaveLength(2);
    // Not begun, so it goes on to who is there, whatever it does.
    expect(await rpc.call(testRpc.write, { n: 5 }, { deadlineMs })).toEqual({ by: 'b' });
  });

  it('that may be repeated are, at another one, when the callee goes with them in hand', async () => {
    const { serve, serveDraining, client, calls } = await world();
    const a = await serveDraining('a');
    const { rpc, linkTo } = await client();
    await linkTo('a');
    const call = rpc.call(testRpc.silentRead, { n: 1 }, { deadlineMs });
    void call.catch(() => undefined);
    await eventually(() => expect(calls).toEqual(['silentRead a 1']));
    await serve('b');
    await a.close();
    await eventually(() => expect(calls).toEqual(['silentRead a 1', 'silentRead b 1']));
  });

  it('find a callee again that has come back under its name', async () => {
    const { serve, client } = await world();
    const stop = await serve('a');
    const { rpc, direct, linkTo } = await client();
    await linkTo('a');
    await stop();
    await eventually(() => expect(direct.links).toBe(0));
    await serve('a');
    expect(await rpc.call(testRpc.write, { n: 1 })).toEqual({ by: 'a' });
    await eventually(
      async () => {
        await rpc.call(testRpc.write, { n: 2 });
        expect(direct.links).toBe(1);
      },
      { timeoutMs: 15_000 },
    );
  });

  it('go through Redis where a callee has no link, and the other way round', async () => {
    const prefix = uniquePrefix('rpc');
    const { url } = await sharedRedis();
    const linked = rpcWorld(url, prefix, 'over links');
    const unlinked = rpcWorld(url, prefix);
    await linked.serve('a');
    await unlinked.serve('b');
    await linked.enlist('b');
    await unlinked.enlist('a');
    for (const { client } of [linked, unlinked]) {
      const { rpc } = await client(`caller-${client === linked.client}`);
      for (const target of ['a', 'b', 'a', 'b'])
        expect(await rpc.call(testRpc.write, { n: 1 }, { target })).toEqual({ by: target });
    }
  });

  it('are served through Redis alone where the socket cannot be made, which is told', async () => {
    const { serve, client, errors } = await world();
    await serve('a');
    // The same name: the first one listens.
    await serve('a');
    expect(errors).toMatchObject([{ code: 'EADDRINUSE' }]);
    expect(await (await client()).rpc.call(testRpc.read, { n: 1 })).toEqual({ by: 'a' });
  });
});
