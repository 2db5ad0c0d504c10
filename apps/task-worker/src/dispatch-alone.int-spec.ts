import { AppError } from '@parley/protocol';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async (options: { shardCount?: number } = {}) =>
  workerWorld((await sharedRedis()).url, uniquePrefix('worker'), options);

const unavailable = () => Promise.reject(new AppError('UNAVAILABLE'));

// No gateway here looks at a room's position or fills a gap: what is missing after dispatch is missing.
describe('dispatch alone brings every message', () => {
  it('of which a hint was sent that never came: it asks how far the room is, many messages with one call', async () => {
    const { gateway, join, send, worker, main, keys, pending } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    // Listens for the gateway, and tells it nothing.
    const deaf = main.duplicate();
    onTestFinished(() => deaf.disconnect());
    await deaf.subscribe(keys.hints(0, 'gw-1'));
    await worker('a');
    let sent = 0;
    for (; sent < 60; sent += 2) await send(1, 2);
    await eventually(() => gw.expectAll(1, sent));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    expect(gw.requests.flatMap(({ entries }) => entries)).toEqual([]);
    expect(gw.requests.length).toBeLessThan(sent / 2);
  });

  it('in order, while shards change hands: given back, and taken from a worker that was killed', async () => {
    const { gateway, join, send, worker, enlist, pending, owner } = await world({ shardCount: 4 });
    const gw = await gateway('gw-1');
    const rooms = [1, 2, 3, 4];
    for (const room of rooms) await join(room, 'gw-1');
    const env = { PARLEY_SHARD_LEASE_TTL_MS: 600 };
    const first = await worker('a', env);
    let sent = 0;
    const sendAll = async (count: number) => {
      for (const room of rooms) await send(room, count);
      sent += count;
    };
    const owners = async () => new Set((await Promise.all([0, 1, 2, 3].map(owner))).map((it) => it?.[0]));
    const until = (...ids: string[]) => eventually(async () => expect(await owners()).toEqual(new Set(ids)));
    await sendAll(20);
    await until('a');
    const second = await worker('e', env);
    await sendAll(20);
    await until('a', 'e');
    await sendAll(20);
    // It goes away politely.
    await enlist('task-worker', 'a', 'draining');
    await sendAll(20);
    await first.service.stop();
    await until('e');
    await sendAll(20);
    await worker('d', env);
    await until('e', 'd');
    // This one does not, and has calls on the way.
    let end: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => (end = () => reject(new AppError('DEADLINE_EXCEEDED'))));
    gw.onCall = () => late;
    await sendAll(20);
    for (const shard of [0, 1, 2, 3])
      await eventually(async () => expect(await pending('dispatch', shard)).toBeGreaterThan(0));
    await second.kill();
    gw.onCall = () => Promise.resolve(undefined);
    end();
    await until('d');
    await sendAll(20);
    await eventually(() => rooms.forEach((room) => gw.expectAll(room, sent)));
    await eventually(async () =>
      expect(await Promise.all([0, 1, 2, 3].map((shard) => pending('dispatch', shard)))).toEqual([
        0, 0, 0, 0,
      ]),
    );
  });

  it('in order, over calls that fail, calls that are not answered in time, and rooms that are not taken', async () => {
    const { gateway, join, send, worker, pending } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    await join(2, 'gw-1');
    const answers = [
      unavailable,
      () => Promise.resolve({ failed: [1] }),
      unavailable,
      () => Promise.reject(new AppError('DEADLINE_EXCEEDED')),
      () => Promise.resolve({ failed: [1, 2] }),
    ];
    gw.onCall = () => answers.shift()?.() ?? Promise.resolve(undefined);
    await worker('w');
    let sent = 0;
    while (answers.length > 0) {
      const left = answers.length;
      await send(1);
      await send(2);
      sent++;
      await eventually(() => expect(answers.length).toBeLessThan(left));
    }
    await send(1, 5);
    await send(2, 5);
    await eventually(() => [1, 2].forEach((room) => gw.expectAll(room, sent + 5)));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
  });

  it('to a gateway that stalled longer than its lane holds, and meanwhile to the others', async () => {
    const { gateway, join, send, worker, pending } = await world();
    const [stalled, other] = [await gateway('gw-1'), await gateway('gw-2')];
    for (const id of ['gw-1', 'gw-2']) await join(1, id);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    stalled.onCall = async () => void (await held);
    await worker('w', { PARLEY_DISPATCH_BATCH_SIZE: 10, PARLEY_LANE_MAX_ENTRIES: 10 });
    for (let i = 0; i < 10; i++) await send(1, 10);
    await eventually(() => other.expectAll(1, 100));
    expect(await pending('dispatch')).toBe(100);
    expect(stalled.seen(1)).toEqual([]);
    release();
    await eventually(() => stalled.expectAll(1, 100));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    // Most of it by position, and then one by one again.
    expect(stalled.requests.some(({ upTo }) => upTo.length > 0)).toBe(true);
    await send(1);
    await eventually(() => stalled.expectAll(1, 101));
    expect(stalled.requests.at(-1)?.entries).toHaveLength(1);
  });

  it('to a user who moves from one gateway to another, and no more to the one that was left', async () => {
    const { gateway, join, leave, send, worker, rooms } = await world();
    const [from, to] = [await gateway('gw-1'), await gateway('gw-2')];
    await join(1, 'gw-1');
    await worker('w');
    await send(1, 10);
    await eventually(() => from.expectAll(1, 10));
    let sending = true;
    onTestFinished(() => void (sending = false));
    const traffic = (async () => {
      while (sending) await send(1);
    })();
    // Registered first, then the head is read: all that comes above it has to be dispatched here.
    await join(1, 'gw-2');
    const head = (await rooms.head(1))?.seq ?? 0;
    await eventually(() => expect(to.seen(1).at(-1)).toBeGreaterThan(head + 5));
    await leave(1, 'gw-1');
    const left = (await rooms.head(1))?.seq ?? 0;
    await eventually(() => expect(to.seen(1).at(-1)).toBeGreaterThan(left + 5));
    sending = false;
    await traffic;
    const last = (await rooms.head(1))?.seq ?? 0;
    await eventually(() => expect(to.seen(1).at(-1)).toBe(last));
    const first = to.seen(1)[0] ?? Infinity;
    expect(first).toBeLessThanOrEqual(head + 1);
    to.expectAll(1, last, first);
    from.expectAll(1, from.seen(1).length);
    expect(from.seen(1).length).toBeGreaterThanOrEqual(head);
    const calls = from.requests.length;
    await send(1, 5);
    await eventually(() => to.expectAll(1, last + 5, first));
    expect(from.requests).toHaveLength(calls);
  });

  it('to the others, when a gateway is gone with calls in hand; what it left behind is removed', async () => {
    const { gateway, gateways, join, send, worker, pending, registry, presence } = await world();
    const [dead, living] = [await gateway('gw-1'), await gateway('gw-2')];
    for (const id of ['gw-1', 'gw-2']) await join(1, id);
    dead.onCall = () =>
      new Promise((_, reject) => setTimeout(reject, 100, new AppError('DEADLINE_EXCEEDED')));
    await worker('w');
    await send(1, 10);
    await eventually(() => living.expectAll(1, 10));
    expect(await pending('dispatch')).toBe(10);
    gateways.delete('gw-1');
    await registry.deregister('connect-gateway', 'gw-1');
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    await send(1, 10);
    await eventually(() => living.expectAll(1, 20));
    await eventually(async () => expect(await presence.instancesOfRooms([1])).toEqual([['gw-2']]));
    // It comes back under its old name.
    const back = await gateway('gw-1');
    await join(1, 'gw-1');
    await send(1);
    await eventually(() => back.expectAll(1, 21, 21));
  });

  it('of a conversation to the gateways of its users, wherever they are', async () => {
    const { gateway, presence, send, worker } = await world();
    const [one, two, three] = [await gateway('gw-1'), await gateway('gw-2'), await gateway('gw-3')];
    const share = (userId: number, connections: number, id: string) =>
      presence.shareUsers([{ userId, connections }], id, 60_000);
    await share(8, 1, 'gw-1');
    await share(9, 1, 'gw-2');
    await share(10, 1, 'gw-3');
    await worker('w');
    await send(1, 3, [8, 9]);
    await eventually(() => [one, two].forEach((gw) => gw.expectAll(1, 3)));
    // User 9 changes the gateway.
    await share(9, 1, 'gw-3');
    await share(9, 0, 'gw-2');
    await send(1, 3, [8, 9]);
    await eventually(() => three.expectAll(1, 6, 4));
    await eventually(() => one.expectAll(1, 6));
    expect(two.seen(1)).toEqual([1, 2, 3]);
  });
});
