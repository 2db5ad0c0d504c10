import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consumerWorld, run } from './memory-streams.fixture.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('an acknowledgement', () => {
  it('is sent once for what comes in one turn, shard by shard', async () => {
    const { add, owned, asked, items, consumer, pending } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    add(0, 1, 2);
    add(1, 3);
    consumer.start();
    await run();
    asked();
    for (const item of items) consumer.ack([item]);
    consumer.ack([]);
    await run();
    expect(asked()).toEqual(['ack 0 1-0,2-0', 'ack 1 1-0']);
    expect([consumer.inHand, pending(0), pending(1)]).toEqual([0, [], []]);
  });

  it('that failed is repeated with what came meanwhile, and in hand until Redis has taken it', async () => {
    const { world, add, asked, items, consumer, pending, errors } = consumerWorld();
    add(0, 1, 2, 3);
    consumer.start();
    await run();
    asked();
    world.onAck = () => Promise.reject(new Error('away'));
    consumer.ack(items.slice(0, 1));
    await run();
    expect([asked(), errors, consumer.inHand]).toEqual([['ack 0 1-0'], ['away'], 3]);
    consumer.ack(items.slice(1));
    await run(199);
    expect(asked()).toEqual([]);
    world.onAck = () => Promise.resolve();
    await run(1);
    expect(asked()).toContain('ack 0 1-0,2-0,3-0');
    expect([consumer.inHand, pending(0)]).toEqual([0, []]);
  });

  it('that comes while one of its shard is under way is not lost when that one fails', async () => {
    const { world, add, items, consumer, pending } = consumerWorld();
    add(0, 1, 2);
    consumer.start();
    await run();
    let fail: (error: Error) => void = () => undefined;
    world.onAck = () => new Promise((_, reject) => (fail = reject));
    consumer.ack(items.slice(0, 1));
    await run();
    consumer.ack(items.slice(1));
    await run();
    world.onAck = () => Promise.resolve();
    fail(new Error('away'));
    await run(200);
    expect([pending(0), consumer.inHand]).toEqual([[], 0]);
  });

  it('of one shard does not depend on another’s, and what comes while one is under way follows', async () => {
    const { world, add, owned, items, consumer, pending } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    add(0, 1);
    add(1, 2, 3);
    consumer.start();
    await run();
    const waiting: (() => void)[] = [];
    let failures = 1;
    world.onAck = (ids) =>
      ids.length === 1 && failures-- > 0
        ? Promise.reject(new Error('away'))
        : new Promise((resolve) => waiting.push(resolve));
    consumer.ack(items.slice(0, 2));
    await run();
    consumer.ack(items.slice(2));
    await run(1_000);
    // One round at a time.
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    await run(200);
    expect([pending(0), pending(1)]).toEqual([['1-0'], ['2-0']]);
    for (const end of waiting) end();
    await run();
    expect([pending(0), pending(1), consumer.inHand]).toEqual([[], [], 0]);
    // And again later.
    world.onAck = () => Promise.resolve();
    add(0, 4);
    await run();
    consumer.ack(items.slice(3));
    await run();
    expect([pending(0), consumer.inHand]).toEqual([[], 0]);
  });

  it('of a shard that was lost meanwhile is sent all the same', async () => {
    const { add, owned, items, consumer, pending } = consumerWorld();
    add(0, 1);
    consumer.start();
    await run();
    owned.clear();
    await run(400);
    consumer.ack(items);
    await run();
    expect(pending(0)).toEqual([]);
  });
});

describe('entries that cannot be read', () => {
  it('are kept and then acknowledged, and those behind them handed out', async () => {
    const kept: unknown[] = [];
    const { add, seen, errors, pending, consumer } = consumerWorld({
      onUnreadable: async ({ streamId }) => void kept.push(streamId),
    });
    add(0, 1, 0, 2);
    consumer.start();
    await run();
    expect([seen(), kept, errors]).toEqual([[1, 2], ['2-0'], ['unreadable stream entry']]);
    expect(pending(0)).toEqual(['1-0', '3-0']);
  });

  it('that cannot be kept leave all of the read for another time, in its order', async () => {
    let isFull = true;
    const { add, seen, consumer, pending, errors } = consumerWorld({
      onUnreadable: () => (isFull ? Promise.reject(new Error('full')) : Promise.resolve()),
    });
    add(0, 1, 0, 2);
    consumer.start();
    await run();
    expect([seen(), consumer.inHand, pending(0)]).toEqual([[], 0, ['1-0', '2-0', '3-0']]);
    isFull = false;
    await run(200);
    expect([seen(), errors]).toEqual([
      [1, 2],
      ['full', 'unreadable stream entry'],
    ]);
  });

  it('are not there to be kept when they were deleted', async () => {
    const onUnreadable = vi.fn(() => Promise.resolve());
    const { add, seen, errors, pending, consumer } = consumerWorld({ onUnreadable });
    add(0, -1, 1);
    consumer.start();
    await run();
    expect([seen(), errors]).toEqual([[1], ['a pending entry is not in the stream any more']]);
    expect(pending(0)).toEqual(['2-0']);
    expect(onUnreadable).not.toHaveBeenCalled();
  });

  it('of a shard that is not in hand any more are its next owner’s', async () => {
    const onUnreadable = vi.fn(() => Promise.resolve());
    const { add, world, consumer, owned, pending } = consumerWorld({ onUnreadable });
    consumer.start();
    await run();
    let reply: () => void = () => undefined;
    world.onReply = (rows) => new Promise((resolve) => (reply = () => resolve(rows)));
    add(0, 0);
    await run();
    owned.clear();
    consumer.forget([0]);
    reply();
    await run(500);
    expect(onUnreadable).not.toHaveBeenCalled();
    expect(pending(0)).toEqual(['1-0']);
  });
});
