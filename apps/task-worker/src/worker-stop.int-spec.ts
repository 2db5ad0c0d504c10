import { AppError } from '@parley/protocol';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { workerWorld } from './testing/worker-world.js';
import type { WorkerService } from './worker.service.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async (options: { shardCount?: number } = {}) =>
  workerWorld((await sharedRedis()).url, uniquePrefix('worker'), options);

/** Something held until it is let go. */
function latch() {
  let release: () => void = () => undefined;
  const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
  return { released, release };
}

/**
 * Begins to stop a worker; `isStopped` once it has, `readsNoMore` resolves when its reader of `dispatch` has ended, and
 * `leftWith` is what it has in hand when it begins to give its shards back.
 */
function stop(service: WorkerService) {
  const [dispatching, archiving, owner] = [service['dispatching'], service['archiving'], service['owner']];
  const reader = vi.spyOn(dispatching, 'stopReading');
  const giveBack = owner.stop.bind(owner);
  const stopping = {
    isStopped: false,
    done: Promise.resolve(),
    readsNoMore: Promise.resolve(),
    leftWith: undefined as number | undefined,
  };
  vi.spyOn(owner, 'stop').mockImplementation(() => {
    stopping.leftWith = dispatching.inHand + archiving.inHand;
    return giveBack();
  });
  stopping.done = service.stop().then(() => void (stopping.isStopped = true));
  stopping.readsNoMore = Promise.resolve(reader.mock.results[0]?.value as Promise<void>);
  return stopping;
}

describe('a worker that stops', () => {
  it('waits for what gateways have in hand, acknowledges it, and then gives its shards back', async () => {
    const { gateway, join, send, worker, pending, owner } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    const call = latch();
    gw.onCall = () => call.released;
    const { service } = await worker('w');
    await send(1, 3);
    await eventually(() => expect(gw.requests).not.toEqual([]));
    await eventually(async () => expect(await pending('archive')).toBe(0));
    const stopping = stop(service);
    await stopping.readsNoMore;
    const inHand = await pending('dispatch');
    expect(inHand).toBeGreaterThan(0);
    // This one is its successor's.
    await send(1);
    expect([stopping.isStopped, (await owner())?.[0]]).toEqual([false, 'w']);
    call.release();
    await stopping.done;
    expect([await pending('dispatch'), await owner(), stopping.leftWith]).toEqual([0, undefined, 0]);
    expect(gw.seen(1).length).toBe(inHand);
  });

  it('waits for the batch that SQL is writing, and acknowledges it', async () => {
    const { send, worker, pending, owner, archive } = await world();
    const writing = latch();
    archive.onCall = () => writing.released;
    const { service } = await worker('w');
    await send(1);
    await eventually(() => expect(archive.calls).toEqual([[1]]));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    const stopping = stop(service);
    // From here on nothing but the batch is waited for.
    await stopping.readsNoMore;
    expect([stopping.isStopped, (await owner())?.[0], await pending('archive')]).toEqual([false, 'w', 1]);
    writing.release();
    await stopping.done;
    expect([await pending('archive'), await owner(), stopping.leftWith]).toEqual([0, undefined, 0]);
  });

  it('gives back after two seconds what a gateway does not confirm, and its successor brings it', async () => {
    const { gateway, join, send, worker, pending, owner, archive } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    gw.onCall = () => new Promise(() => undefined);
    // As many are in hand for SQL, which takes none: the gateway is waited for all the same.
    archive.onCall = () => Promise.reject(new AppError('UNAVAILABLE'));
    const { service } = await worker('w');
    await send(1, 3);
    await eventually(async () =>
      expect([await pending('dispatch'), await pending('archive')]).toEqual([3, 3]),
    );
    const startedAt = performance.now();
    await service.stop();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2_000);
    expect([await pending('dispatch'), await owner()]).toEqual([3, undefined]);
    gw.onCall = () => Promise.resolve(undefined);
    archive.onCall = () => Promise.resolve(undefined);
    await worker('next');
    await eventually(() => gw.expectAll(1, 3));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
  });

  it('does not wait for SQL that refuses, and what is not written is its successor’s', async () => {
    const { send, worker, pending, owner, archive } = await world();
    archive.onCall = () => Promise.reject(new AppError('UNAVAILABLE'));
    const { service } = await worker('w');
    await send(1, 3);
    await eventually(async () => expect(await pending('archive')).toBe(3));
    await service.stop();
    expect([await pending('archive'), await owner()]).toEqual([3, undefined]);
    const calls = archive.calls.length;
    archive.onCall = () => Promise.resolve(undefined);
    await worker('next');
    await eventually(async () => expect(await pending('archive')).toBe(0));
    expect(archive.calls.length).toBeGreaterThan(calls);
    expect(archive.kept.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('is not a witness any more of how far the shards had come', async () => {
    const { worker, main, keys } = await world();
    const { service } = await worker('w');
    const witnesses = async () => Object.keys(await main.hgetall(keys.lineLives())).length;
    await eventually(async () => expect(await witnesses()).toBe(1));
    await service.stop();
    expect(await witnesses()).toBe(0);
  });
});
