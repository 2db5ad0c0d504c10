import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { refusal, rpcWorld, testRpc, ways, type Way } from './rpc.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

async function twoServers(way?: Way) {
  const world = rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'), way);
  const stopA = await world.serve('a');
  await world.serve('b');
  const client = await world.client();
  await client.linkTo('a', 'b');
  return { ...world, stopA, ...client };
}

/** A key whose calls go to `instanceId`. */
async function keyFor(world: Awaited<ReturnType<typeof twoServers>>, instanceId: string): Promise<number> {
  for (let key = 0; key < 100; key++)
    if ((await world.rpc.call(testRpc.read, { n: -1 }, { key })).by === instanceId) {
      world.calls.length = 0;
      return key;
    }
  throw new Error('no key');
}

describe.each(ways)('calls by contract, %s,', (way) => {
  it('run on exactly one instance each, and take turns', async () => {
    const { rpc, calls } = await twoServers(way);
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    await Promise.all(numbers.map((n) => rpc.call(testRpc.write, { n })));
    expect(calls.map((call) => Number(call.split(' ')[2])).sort((a, b) => a - b)).toEqual(numbers);
    expect(calls.filter((call) => call.startsWith('write a'))).toHaveLength(10);
  });

  it('go where target says, and nowhere else', async () => {
    const { rpc, calls } = await twoServers(way);
    for (const target of ['b', 'b', 'a'])
      expect(await rpc.call(testRpc.read, { n: 1 }, { target })).toEqual({ by: target });
    expect(calls).toEqual(['read b 1', 'read b 1', 'read a 1']);
    const error = await refusal(rpc.call(testRpc.read, { n: 2 }, { target: 'gone' }));
    expect(error.code).toBe('UNAVAILABLE');
    expect(calls).toHaveLength(3);
  });

  it('with one key go to one instance', async () => {
    const { rpc } = await twoServers(way);
    const hosts = new Set<string>();
    for (const key of ['room-1', 'room-2', 'room-3', 'room-4', 'room-5', 'room-6', 'room-7', 'room-8']) {
      const by = new Set<string>();
      for (let n = 0; n < 4; n++) by.add((await rpc.call(testRpc.read, { n }, { key })).by);
      expect(by.size).toBe(1);
      by.forEach((host) => hosts.add(host));
    }
    expect(hosts.size).toBe(2);
  });

  it('fail fast as UNAVAILABLE where a dead instance is named; any other goes to the other one, once', async () => {
    const world = await twoServers(way);
    const { rpc, calls, stopA } = world;
    const key = await keyFor(world, 'a');
    await stopA();
    // Far longer than this test may take: nobody waits for a deadline.
    const deadlineMs = 600_000;
    await eventually(async () => {
      const refused = await refusal(rpc.call(testRpc.write, { n: 0 }, { target: 'a', deadlineMs }));
      expect(refused.code).toBe('UNAVAILABLE');
    });
    expect(await rpc.call(testRpc.write, { n: 1 }, { key, deadlineMs })).toEqual({ by: 'b' });
    expect(await rpc.call(testRpc.read, { n: 2 }, { key, deadlineMs })).toEqual({ by: 'b' });
    expect(calls).toEqual(['write b 1', 'read b 2']);
  });

  // A stopping logic closed its connections with requests in hand: their callers waited half a deadline.
  it('are answered by an instance that drains, and go to another one from then on', async () => {
    const world = rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'), way);
    const a = await world.serveDraining('a');
    const { rpc, linkTo } = await world.client();
    await linkTo('a');
    const inHand = rpc.call(testRpc.held, { n: 1 }, { deadlineMs: 60_000 });
    await eventually(() => expect(world.held).toHaveLength(1));
    await world.serve('b');
    let drained = false;
    const draining = a.drain(30_000).then(() => (drained = true));
    await eventually(async () =>
      expect((await refusal(rpc.call(testRpc.read, { n: 2 }, { target: 'a' }))).code).toBe('UNAVAILABLE'),
    );
    const later = await Promise.all([3, 4, 5, 6].map((n) => rpc.call(testRpc.read, { n })));
    expect(later.map(({ by }) => by)).toEqual(['b', 'b', 'b', 'b']);
    // Still in hand: it is neither answered nor given up.
    expect(drained).toBe(false);
    expect(await Promise.race([inHand, 'pending'])).toBe('pending');
    world.held[0]?.();
    await draining;
    // Nothing of it is left in the process: its reply is out.
    a.cut();
    expect(await inHand).toEqual({ by: 'a' });
  });

  it('go to a ready instance while another one drains, and to that when there is no other', async () => {
    const { rpc, calls, registry } = await twoServers(way);
    const say = async (instanceId: string, state: 'ready' | 'draining') => {
      await registry.register({
        ...registry.list('logic').find((it) => it.instanceId === instanceId)!,
        state,
      });
      await registry.refresh('logic');
    };
    await say('a', 'draining');
    for (const key of [undefined, 1, 2, 3, 4, 5, 6])
      await rpc.call(testRpc.write, { n: 1 }, key === undefined ? {} : { key });
    expect(new Set(calls)).toEqual(new Set(['write b 1']));
    await say('b', 'draining');
    calls.length = 0;
    for (let n = 0; n < 2; n++) await rpc.call(testRpc.write, { n: 2 });
    expect([...calls].sort()).toEqual(['write a 2', 'write b 2']);
  });

  it('that a draining instance does not answer in time do not hold it up', async () => {
    const world = rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'), way);
    const a = await world.serveDraining('a');
    const { rpc, linkTo } = await world.client();
    await linkTo('a');
    const inHand = refusal(rpc.call(testRpc.silentWrite, { n: 1 }, { deadlineMs: 1_000 }));
    await eventually(() => expect(world.calls).toEqual(['silentWrite a 1']));
    await a.drain(50);
    // Who is linked hears that there is no answer to wait for.
    expect((await inHand).code).toBe(way === 'over links' ? 'UNAVAILABLE' : 'DEADLINE_EXCEEDED');
  });

  it('end by their deadline when the handler is silent; only idempotent ones are tried elsewhere', async () => {
    const { rpc, calls, direct } = await twoServers(way);
    const codes = await Promise.all([
      refusal(rpc.call(testRpc.silentWrite, { n: 1 }, { deadlineMs: 2_000 })),
      refusal(rpc.call(testRpc.silentRead, { n: 2 }, { deadlineMs: 2_000 })),
    ]);
    expect(codes.map(({ code }) => code)).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
    expect(calls.filter((call) => call.startsWith('silentWrite'))).toHaveLength(1);
    expect(calls.filter((call) => call.startsWith('silentRead')).sort()).toEqual([
      'silentRead a 2',
      'silentRead b 2',
    ]);
    expect(direct.pending).toBe(0);
  });

  it('are UNAVAILABLE without any instance, and for a method that nobody serves', async () => {
    const { rpc, registry } = await twoServers(way);
    expect((await refusal(rpc.call(testRpc.nobody, { n: 1 }))).code).toBe('UNAVAILABLE');
    for (const id of ['a', 'b']) await registry.deregister('logic', id);
    expect((await refusal(rpc.call(testRpc.read, { n: 1 }))).code).toBe('UNAVAILABLE');
  });

  it('carry code, fields and retryAfterMs of an AppError, never its context', async () => {
    const { rpc } = await twoServers(way);
    const error = await refusal(rpc.call(testRpc.refuse, { n: 1 }));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', fields: ['a', 'b'], retryAfterMs: 7 });
    expect(error.context).toBeUndefined();
  });

  it('turn an unknown error into INTERNAL without its text, and report it at the callee', async () => {
    const { rpc, errors } = await twoServers(way);
    const error = await refusal(rpc.call(testRpc.crash, { n: 1 }));
    expect(error.code).toBe('INTERNAL');
    expect(JSON.stringify([error, error.message, error.cause, error.stack])).not.toContain('internals');
    expect(errors).toHaveLength(1);
  });

  it('refuse an invalid request as INVALID with its fields, without running it', async () => {
    const { rpc, calls } = await twoServers(way);
    const error = await refusal(rpc.call(testRpc.write, { n: 'x' as never }));
    expect(error).toMatchObject({ code: 'INVALID', fields: ['n'] });
    expect(calls).toEqual([]);
  });

  it('refuse an invalid response as INTERNAL', async () => {
    const { rpc } = await twoServers(way);
    expect((await refusal(rpc.call(testRpc.lie, { n: 1 }))).code).toBe('INTERNAL');
  });

  it('carry newlines and other scripts in their texts', async () => {
    const { rpc, calls } = await twoServers(way);
    // Packets of one turn share a PUBLISH, separated by newlines.
    await Promise.all(
      [1, 2, 3].map((n) => rpc.call(testRpc.write, { n, text: 'a\nb\u2028"ж👍' }, { target: 'a' })),
    );
    expect(calls).toEqual(['write a 1', 'write a 2', 'write a 3']);
  });
});

describe('a server', () => {
  it('answers, counts and does not run a request that came after its caller gave up', async () => {
    const { keys, connect, rpc, calls, errors, expired } = await twoServers();
    const connections = connect();
    const { main } = connections;
    const replies: string[] = [];
    const listener = connections.createSubscriber('listener');
    listener.on('message', (_channel: string, text: string) => replies.push(...text.split('\n')));
    await listener.subscribe(keys.rpcReplies('raw'));
    const send = (n: number, sentAtMs: number, leftMs: number) =>
      main.publish(
        keys.rpcRequests('logic', 'a'),
        JSON.stringify({
          pattern: 'logic.write',
          data: { n },
          id: String(n),
          replyTo: 'raw',
          ...{ clock: 'c', sentAtMs, leftMs },
        }),
      );
    // By a clock of its own that no other knows.
    const nowMs = () => performance.now() + 5_000_000;
    await send(1, nowMs(), 100);
    await eventually(() => expect(calls).toEqual(['write a 1']));
    await send(2, nowMs() - 20_000, 10_000);
    await send(3, nowMs() - 20_000, 30_000);
    await eventually(() => expect(calls).toEqual(['write a 1', 'write a 3']));
    await eventually(() => expect(replies).toHaveLength(3));
    // In whichever order they were answered.
    expect(replies.map((text) => JSON.parse(text) as object)).toContainEqual(
      expect.objectContaining({ id: '2', err: { code: 'DEADLINE_EXCEEDED' } }),
    );
    expect(expired).toEqual(['a']);
    expect(errors).toMatchObject([{ code: 'DEADLINE_EXCEEDED', context: { pattern: 'logic.write' } }]);
    await rpc.call(testRpc.write, { n: 4 }, { target: 'a' });
  });

  // A callee whose clock was ahead by more than a deadline dropped every request, without a word.
  it.each([-3_600_000, 3_600_000])('whose clock is %i ms away from its caller’s answers', async (apartMs) => {
    const { serve, client, expired } = rpcWorld((await sharedRedis()).url, uniquePrefix('rpc'));
    await serve('a', { now: () => performance.now() + apartMs });
    const wallClock = vi.spyOn(Date, 'now').mockReturnValue(1_700_000_000_000 - apartMs);
    onTestFinished(() => wallClock.mockRestore());
    const { rpc } = await client();
    for (const n of [1, 2]) expect(await rpc.call(testRpc.write, { n })).toEqual({ by: 'a' });
    expect(expired).toEqual([]);
  });

  it('runs what a caller of 0.1 asks, and sends what a callee of 0.1 asks for', async () => {
    const { keys, connect, rpc, calls } = await twoServers();
    const raw = connect();
    const packets: string[] = [];
    const tap = raw.createSubscriber('tap');
    tap.on('message', (_channel: string, text: string) => packets.push(text));
    await tap.subscribe(keys.rpcRequests('logic', 'a'));
    const old = { pattern: 'logic.write', data: { n: 9 }, id: 'x', replyTo: 'caller', expiresAt: 1 };
    await raw.main.publish(keys.rpcRequests('logic', 'a'), JSON.stringify(old));
    await rpc.call(testRpc.write, { n: 1 }, { target: 'a', deadlineMs: 60_000 });
    expect(calls).toEqual(['write a 9', 'write a 1']);
    await eventually(() => expect(packets).toHaveLength(2));
    const { expiresAt, leftMs } = JSON.parse(packets[1] ?? '') as { expiresAt: number; leftMs: number };
    expect(leftMs).toBeGreaterThan(50_000);
    expect(expiresAt - Date.now()).toBeGreaterThan(50_000);
  });

  it('survives garbage', async () => {
    const { keys, connect, rpc, calls, errors } = await twoServers();
    await connect().main.publish(keys.rpcRequests('logic', 'a'), 'garbage{');
    // Published to the same channel afterwards: when this is answered, the other has been seen.
    await rpc.call(testRpc.write, { n: 1 }, { target: 'a' });
    expect(calls).toEqual(['write a 1']);
    expect(errors).toHaveLength(1);
  });

  it('answers the caller alone', async () => {
    const { keys, connect, rpc } = await twoServers();
    const heard: string[] = [];
    const bystander = connect().createSubscriber('bystander');
    bystander.on('pmessage', (_pattern: string, channel: string) => heard.push(channel));
    await bystander.psubscribe(`${keys.rpcReplies('')}*`);
    await rpc.call(testRpc.read, { n: 1 });
    await eventually(() => expect(heard).toEqual([keys.rpcReplies('caller')]));
  });
});
