import { connectRpc, type RpcRequest } from '@parley/contracts';
import type { EventBus, PresenceStore } from '@parley/redis';
import type { Instance, Registry } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DispatcherService } from './dispatcher.service.js';
import { item } from './testing/stream-items.js';
import { stub } from './testing/stub.js';

type Request = RpcRequest<typeof connectRpc.deliver>;

interface World {
  /** Instances by room and by user, as presence has them. */
  rooms?: Record<number, string[]>;
  users?: Record<number, string[]>;
  /** Gateways that hold a lease. */
  live: string[];
  /** Gateways in the watched list, before it is re-read. */
  watched?: string[];
}

function setUp(world: World) {
  const calls: { target: string; request: Request }[] = [];
  const dropped: string[] = [];
  const published: unknown[] = [];
  const stale: Record<string, number[]> = {};
  let watched = world.watched ?? world.live;
  const instances = () => watched.map((instanceId) => ({ instanceId }) as Instance);
  const redis = { isAway: false, dropsFail: false };
  const refresh = vi.fn(() => {
    if (redis.isAway) return Promise.reject(new Error('away'));
    watched = world.live;
    return Promise.resolve(instances());
  });
  const lookUpFailures = { left: 0 };
  const presence = stub<PresenceStore>('PresenceStore', {
    instancesOfRooms: (roomIds) =>
      lookUpFailures.left-- > 0
        ? Promise.reject(new Error('away'))
        : Promise.resolve(roomIds.map((roomId) => world.rooms?.[roomId] ?? [])),
    instancesOfUsers: (userIds) => Promise.resolve(userIds.map((userId) => world.users?.[userId] ?? [])),
    dropInstance: (roomId, instanceId) => {
      if (redis.dropsFail) return Promise.reject(new Error('away'));
      dropped.push(`room ${roomId} ${instanceId}`);
      return Promise.resolve(1);
    },
    dropUserInstance: (userId, instanceId) => {
      if (redis.dropsFail) return Promise.reject(new Error('away'));
      dropped.push(`user ${userId} ${instanceId}`);
      return Promise.resolve();
    },
  });
  const stall = new Set<string>();
  const failing = new Set<string>();
  const seenFences: Record<string, [number, number][]> = {};
  const deadlines = new Set<unknown>();
  const call = (
    contract: unknown,
    request: Request,
    { target, deadlineMs }: { target: string; deadlineMs?: number },
  ) => {
    expect(contract).toBe(connectRpc.deliver);
    calls.push({ target, request });
    deadlines.add(deadlineMs);
    if (stall.has(target)) return new Promise(() => undefined);
    if (failing.has(target)) return Promise.reject(new Error('no answer'));
    return Promise.resolve({ staleShards: stale[target] ?? [], seenFences: seenFences[target] });
  };
  const dispatcher = new DispatcherService(
    presence,
    stub<Registry>('Registry', { list: instances, refresh }),
    stub<RpcClient>('RpcClient', { call: call as unknown as RpcClient['call'] }),
    stub<EventBus>('EventBus', {
      publish: (kind, event) => {
        published.push([kind, event]);
        return Promise.resolve();
      },
    }),
  );
  const done: string[] = [];
  const onBodyUnneeded = vi.fn();
  const onStale = vi.fn();
  const onError = vi.fn();
  dispatcher.configure({
    laneMaxEntries: 100,
    deliverDeadlineMs: 1_000,
    onError,
    onDone: (items) => done.push(...items.map(({ streamId }) => streamId)),
    onBodyUnneeded,
    onStale,
  });
  const sentTo = () =>
    calls
      .map(({ target, request }) => `${target}: ${request.entries.map(({ seq }) => seq).join(',')}`)
      .sort();
  return {
    dispatcher,
    calls,
    sentTo,
    dropped,
    published,
    stale,
    stall,
    failing,
    seenFences,
    deadlines,
    refresh,
    redis,
    world,
    done,
    onStale,
    onBodyUnneeded,
    onError,
    lookUpFailures,
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('DispatcherService', () => {
  it('calls only the gateways that hold members of a room, once per batch', async () => {
    const { dispatcher, sentTo, done, refresh, deadlines, onBodyUnneeded } = setUp({
      rooms: { 1: ['gw-1', 'gw-2'], 2: ['gw-2'] },
      live: ['gw-1', 'gw-2', 'gw-3'],
    });
    const items = [item(1, 11), item(2, 21), item(1, 12)];
    await dispatcher.dispatch(items);
    expect(dispatcher.pending).toBe(5);
    await settle();
    expect(sentTo()).toEqual(['gw-1: 11,12', 'gw-2: 11,21,12']);
    expect(done).toHaveLength(3);
    expect(new Set(done)).toEqual(new Set(items.map(({ streamId }) => streamId)));
    expect(dispatcher.pending).toBe(0);
    expect(refresh).not.toHaveBeenCalled();
    expect(deadlines).toEqual(new Set([1_000]));
    expect(onBodyUnneeded).not.toHaveBeenCalled();
  });

  it('is done at once with what nobody is there for', async () => {
    const { dispatcher, calls, done } = setUp({ live: ['gw-1'] });
    const items = [item(1, 1), item(2, 1, { recipients: [8, 9] })];
    await dispatcher.dispatch(items);
    expect(done).toEqual(items.map(({ streamId }) => streamId));
    await settle();
    expect(calls).toEqual([]);
  });

  it('is done with an item only when every gateway has it', async () => {
    const { dispatcher, done, stale, onStale } = setUp({
      rooms: { 1: ['gw-1', 'gw-2'] },
      live: ['gw-1', 'gw-2'],
    });
    stale['gw-2'] = [1];
    await dispatcher.dispatch([item(1, 1)]);
    await settle();
    expect(done).toEqual([]);
    expect(onStale.mock.calls).toEqual([[1, undefined]]);
  });

  it('lets a shard go once, when every gateway has answered, with the highest fence that any of them has seen', async () => {
    const { dispatcher, done, stale, seenFences, onStale, stall } = setUp({
      rooms: { 1: ['gw-1', 'gw-2', 'gw-3'], 11: ['gw-1', 'gw-2', 'gw-4'] },
      live: ['gw-1', 'gw-2', 'gw-3', 'gw-4'],
    });
    Object.assign(stale, { 'gw-1': [1], 'gw-2': [1] });
    Object.assign(seenFences, { 'gw-1': [[1, 9]], 'gw-2': [[1, 5]] });
    stall.add('gw-4');
    await dispatcher.dispatch([item(1, 1), item(11, 2)]);
    await settle();
    expect([onStale.mock.calls, done]).toEqual([[[1, 9]], []]);
  });

  it('lets go of a gateway whose lease is gone, and begins anew with one of that name', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { dispatcher, sentTo, done, failing, world, redis, onError, calls } = setUp({
      rooms: { 1: ['gw-1', 'gw-2'] },
      live: ['gw-1', 'gw-2'],
    });
    failing.add('gw-1');
    await dispatcher.dispatch([item(1, 1)]);
    await settle();
    expect([sentTo(), done]).toEqual([['gw-1: 1', 'gw-2: 1'], []]);
    expect(onError.mock.calls).toEqual([[new Error('no answer'), 'deliver']]);
    // Nobody knows whether it is gone: it is not judged.
    world.live = ['gw-2'];
    redis.isAway = true;
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    expect(done).toEqual([]);
    redis.isAway = false;
    await vi.advanceTimersByTimeAsync(100);
    await settle();
    expect([done, dispatcher.pending]).toEqual([['1-1'], 0]);
    world.live = ['gw-1', 'gw-2'];
    failing.clear();
    calls.length = 0;
    await dispatcher.dispatch([item(1, 2)]);
    await settle();
    expect(sentTo()).toEqual(['gw-1: 2', 'gw-2: 2']);
    expect(done).toEqual(['1-1', '1-2']);
  });

  it('reports what a dead gateway left and that cannot be removed now, and goes on', async () => {
    const { dispatcher, sentTo, published, onError, redis } = setUp({
      rooms: { 1: ['gw-dead', 'gw-1'] },
      users: { 8: ['gw-dead', 'gw-1'] },
      live: ['gw-1'],
    });
    redis.dropsFail = true;
    await dispatcher.dispatch([item(1, 1), item(3, 2, { recipients: [8] })]);
    await settle();
    expect(sentTo()).toEqual(['gw-1: 1,2']);
    expect(onError.mock.calls.map(([, where]) => where as string)).toEqual([
      'drop-instance',
      'drop-instance',
    ]);
    expect(published).toEqual([]);
  });

  it('keeps no body for gateways that stall, when all others have it', async () => {
    const { dispatcher, done, onBodyUnneeded, stall } = setUp({
      rooms: { 1: ['gw-1', 'gw-2'] },
      live: ['gw-1', 'gw-2'],
    });
    stall.add('gw-2');
    await dispatcher.dispatch([item(1, 1)]);
    await settle();
    // 100 may be queued for a gateway; one is under way.
    await dispatcher.dispatch(Array.from({ length: 101 }, (_, i) => item(1, i + 2)));
    await settle();
    expect(done).toEqual([]);
    expect(onBodyUnneeded).toHaveBeenCalledTimes(101);
    expect(dispatcher.pending).toBe(102);
  });

  it('keeps no body of what gateways have heard of already: they are asked how far they are', async () => {
    const { dispatcher, done, onBodyUnneeded, stall } = setUp({
      rooms: { 1: ['gw-1', 'gw-2'] },
      live: ['gw-1', 'gw-2'],
    });
    stall.add('gw-2');
    await dispatcher.dispatch([item(1, 1, { hinted: true })]);
    await settle();
    expect(onBodyUnneeded.mock.calls).toEqual([[{ shard: 1, streamId: '1-1' }]]);
    // Heard of is not yet taken: that is what the answer says.
    expect(done).toEqual([]);
  });

  it('keeps a body that one gateway needs, however often another has said that it does not', async () => {
    const { dispatcher, done, onBodyUnneeded, stall } = setUp({
      rooms: { 1: ['gw-1'], 2: ['gw-1', 'gw-2'] },
      live: ['gw-1', 'gw-2'],
    });
    stall.add('gw-2');
    // Too many for one lane, which takes them by position: it lets go of the body, and then it is done.
    await dispatcher.dispatch([item(2, 1), ...Array.from({ length: 100 }, (_, i) => item(1, i + 1))]);
    await settle();
    expect(done).toHaveLength(100);
    expect(onBodyUnneeded.mock.calls).not.toContainEqual([{ shard: 2, streamId: '2-1' }]);
  });

  it('finds a conversation where its users are connected, each gateway once', async () => {
    const { dispatcher, calls, sentTo } = setUp({
      rooms: { 3: ['gw-9'] },
      users: { 8: ['gw-1', 'gw-2'], 9: ['gw-2'] },
      live: ['gw-1', 'gw-2', 'gw-9'],
    });
    await dispatcher.dispatch([item(3, 1, { recipients: [8, 9] })]);
    await settle();
    expect(sentTo()).toEqual(['gw-1: 1', 'gw-2: 1']);
    expect(calls[0]?.request.entries[0]?.recipients).toEqual([8, 9]);
  });

  it('re-reads the registry before it judges an unknown gateway dead', async () => {
    const { dispatcher, sentTo, dropped, refresh } = setUp({
      rooms: { 1: ['gw-new'] },
      live: ['gw-1', 'gw-new'],
      watched: ['gw-1'],
    });
    await dispatcher.dispatch([item(1, 1)]);
    await settle();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(sentTo()).toEqual(['gw-new: 1']);
    expect(dropped).toEqual([]);
  });

  it('removes what a dead gateway left, and tells the room', async () => {
    const { dispatcher, sentTo, dropped, published } = setUp({
      rooms: { 1: ['gw-dead', 'gw-1'] },
      users: { 8: ['gw-dead'] },
      live: ['gw-1'],
    });
    await dispatcher.dispatch([item(1, 1), item(3, 2, { recipients: [8] })]);
    await settle();
    expect(sentTo()).toEqual(['gw-1: 1']);
    expect(dropped).toEqual(['room 1 gw-dead', 'user 8 gw-dead']);
    expect(published).toEqual([['presence', { roomId: 1 }]]);
  });

  it('repeats a look-up until Redis answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { dispatcher, sentTo, lookUpFailures, onError } = setUp({
        rooms: { 1: ['gw-1'] },
        live: ['gw-1'],
      });
      lookUpFailures.left = 3;
      const dispatching = dispatcher.dispatch([item(1, 1)]);
      await vi.advanceTimersByTimeAsync(1_000);
      await dispatching;
      await settle();
      expect(sentTo()).toEqual(['gw-1: 1']);
      expect(onError).toHaveBeenCalledTimes(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
