import { AppError } from '@parley/protocol';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async (options: { shardCount?: number } = {}) =>
  workerWorld((await sharedRedis()).url, uniquePrefix('worker'), options);

/** Something held until it is let go. */
function latch() {
  let release: () => void = () => undefined;
  const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
  return { released, release };
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
    let isStopped = false;
    const stopping = service.stop().then(() => (isStopped = true));
    // It reads no more: this one is its successor's.
    await eventually(async () => {
      await send(1);
      const before = await pending('dispatch');
      await send(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await pending('dispatch')).toBe(before);
    });
    expect([isStopped, (await owner())?.[0]]).toEqual([false, 'w']);
    const inHand = await pending('dispatch');
    expect(inHand).toBeGreaterThan(0);
    call.release();
    await stopping;
    expect([await pending('dispatch'), await owner()]).toEqual([0, undefined]);
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
    let isStopped = false;
    const stopping = service.stop().then(() => (isStopped = true));
    // Longer than the last read may block, so that nothing but the batch is waited for.
    const blockedUntil = performance.now() + 200;
    await eventually(() => expect(performance.now()).toBeGreaterThan(blockedUntil));
    expect([isStopped, (await owner())?.[0], await pending('archive')]).toEqual([false, 'w', 1]);
    writing.release();
    await stopping;
    expect([await pending('archive'), await owner()]).toEqual([0, undefined]);
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
