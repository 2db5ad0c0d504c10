import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consumerWorld, run } from './memory-streams.fixture.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => undefined);

describe('a shard that is taken over', () => {
  it('has its groups made sure of and everything pending gathered, before it is read from its oldest pending entry', async () => {
    const { add, readByNobody, asked, seen, consumer, pending, roles, readers, items } = consumerWorld();
    add(0, 1, 2, 3, 4);
    readByNobody(0);
    add(0, 5);
    consumer.start();
    await run();
    expect(seen()).toEqual([1, 2, 3, 4, 5]);
    expect(asked()).toEqual([
      'ensure 0',
      'gather 0',
      'read 0:0',
      'read 0:3-0',
      'read 0:4-0',
      'read 0:>',
      'read 0:>',
    ]);
    expect(items.map(({ shard, fence, streamId }) => [shard, fence, streamId])).toEqual(
      ['1-0', '2-0', '3-0', '4-0', '5-0'].map((streamId) => [0, 1, streamId]),
    );
    expect([roles, readers]).toEqual([['queue-dispatch'], [consumer]]);
    expect(pending(0)).toHaveLength(5);
    expect(consumer.inHand).toBe(5);
  });

  it('is not read while its pending entries cannot be gathered, nor taken for taken over', async () => {
    const { world, add, asked, seen, errors, consumer } = consumerWorld();
    add(0, 1);
    world.onGather = () => Promise.reject(new Error('away'));
    consumer.start();
    await run(150);
    expect([asked(), seen(), errors]).toEqual([['ensure 0', 'gather 0'], [], ['away']]);
    world.onGather = () => Promise.resolve();
    await run(50);
    expect(seen()).toEqual([1]);
    expect(asked().slice(0, 3)).toEqual(['ensure 0', 'gather 0', 'read 0:0']);
  });

  it('that was lost and won again is read from its oldest pending entry, under the new fence', async () => {
    const { add, owned, items, consumer } = consumerWorld();
    add(0, 1, 2);
    consumer.start();
    await run();
    consumer.ack(items.slice(0, 1));
    await run();
    owned.set(0, 2);
    await run(400);
    expect(items.map(({ entry, fence }) => [entry.seq, fence])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    expect(consumer.inHand).toBe(1);
  });

  it('that is lost is out of hand at once, and not read any more; the others are', async () => {
    const { add, owned, asked, seen, consumer } = consumerWorld({ shardCount: 2 });
    owned.set(1, 7);
    add(0, 1);
    add(1, 2);
    consumer.start();
    await run();
    expect(consumer.inHand).toBe(2);
    owned.delete(0);
    await run(400);
    expect(consumer.inHand).toBe(1);
    asked();
    add(0, 3);
    add(1, 4);
    await run(400);
    expect(new Set(asked())).toEqual(new Set(['read 1:>']));
    expect(seen()).toEqual([1, 2, 4]);
  });

  it('is only read when it is held for as long as a read may block', async () => {
    const { add, askedFor, owned, endingSoon, asked, consumer } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    endingSoon.add(1);
    add(1, 1);
    consumer.start();
    await run(1_000);
    expect(new Set(askedFor)).toEqual(new Set([0, 400]));
    expect(new Set(asked().slice(3))).toEqual(new Set(['read 0:0', 'read 0:>']));
    endingSoon.clear();
    await run(400);
    expect(asked()).toContain('read 0:>,1:0');
  });

  it('is the only thing that is asked for: nothing is, where nothing is owned', async () => {
    const { owned, asked, consumer } = consumerWorld();
    owned.clear();
    consumer.start();
    await run(1_000);
    expect(asked()).toEqual([]);
  });
});

describe('what is in hand', () => {
  it('is not handed out twice, although a broken read makes the consumer look again', async () => {
    const { world, add, asked, seen, items, consumer, connection, errors } = consumerWorld();
    add(0, 1, 2);
    consumer.start();
    await run();
    // Served, and lost on its way.
    world.onReply = never;
    add(0, 3);
    await run();
    world.onReply = (rows) => Promise.resolve(rows);
    asked();
    connection.emit('close');
    await run(199);
    expect(asked()).toEqual([]);
    await run(1);
    expect(asked().slice(0, 2)).toEqual(['read 0:0', 'read 0:3-0']);
    expect(seen()).toEqual([1, 2, 3]);
    expect(errors).toEqual(['connection lost']);
    consumer.ack(items);
    await run();
    expect(consumer.inHand).toBe(0);
  });

  it('is not handed out by a shard that was lost while its read was under way', async () => {
    const { add, owned, seen, consumer, world } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    consumer.start();
    await run();
    let reply: () => void = () => undefined;
    world.onReply = (rows) => new Promise((resolve) => (reply = () => resolve(rows)));
    add(0, 1);
    add(1, 2);
    await run();
    consumer.forget([0]);
    world.onReply = (rows) => Promise.resolve(rows);
    reply();
    await run();
    expect(seen()[0]).toBe(2);
    await run(500);
    // It is still owned, and read again.
    expect(seen()).toEqual([2, 1]);
  });

  it('is read again after it was let go of', async () => {
    const { add, seen, items, consumer, pending } = consumerWorld();
    add(0, 1, 2);
    consumer.start();
    await run();
    consumer.ack(items.slice(0, 1));
    await run();
    consumer.forget([0]);
    expect(consumer.inHand).toBe(0);
    expect(pending(0)).toEqual(['2-0']);
    await run(500);
    expect(seen()).toEqual([1, 2, 2]);
    expect(consumer.inHand).toBe(1);
  });

  it('pauses reading above its bound only', async () => {
    const { add, seen, items, consumer, asked } = consumerWorld({ maxInHand: 3 });
    add(0, 1, 2, 3, 4, 5, 6, 7);
    consumer.start();
    await run();
    // At the bound it reads on.
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6]);
    asked();
    consumer.ack(items.slice(0, 2));
    await run(200);
    expect(asked()).toEqual(['ack 0 1-0,2-0']);
    consumer.ack(items.slice(2, 3));
    await run(50);
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('says whether there is more, for all that is known', async () => {
    const { add, more, consumer } = consumerWorld();
    add(0, 1, 2, 3, 4);
    consumer.start();
    await run();
    expect(more).toEqual([true, false]);
  });

  it('carries the database that Redis belonged to when the read began', async () => {
    let life: string | undefined = 'one';
    const { add, items, consumer } = consumerWorld({ databaseLife: () => life });
    consumer.start();
    await run();
    life = 'two';
    add(0, 1);
    await run();
    add(0, 2);
    await run();
    life = undefined;
    await run(400);
    add(0, 3);
    await run();
    expect(items.map((item) => item.databaseLife)).toEqual(['one', 'two', undefined]);
    expect(items[2]).not.toHaveProperty('databaseLife');
  });
});

describe('a shard that had more than one read brings', () => {
  it('is read once more by itself, without waiting, and then all are again', async () => {
    const { add, owned, asked, seen, more, consumer } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    add(0, 1, 2, 3);
    consumer.start();
    await run();
    expect(asked().slice(3)).toEqual(['read 0:0,1:0', 'read 0:>,1:>', 'read 0:>', 'read 0:>,1:>']);
    expect([seen(), more]).toEqual([[1, 2, 3], [true]]);
  });
});

describe('a batch', () => {
  it('is taken before the next is read', async () => {
    let done: () => void = () => undefined;
    const { add, asked, consumer } = consumerWorld({
      onBatch: () => new Promise((resolve) => (done = resolve)),
    });
    add(0, 1);
    consumer.start();
    await run();
    expect(asked().at(-1)).toBe('read 0:>');
    add(0, 2);
    await run(60_000);
    expect(asked()).toEqual([]);
    done();
    await run();
    expect(asked()).toEqual(['read 0:>']);
  });

  it('is not handed out when nothing came', async () => {
    const onBatch = vi.fn(() => Promise.resolve());
    const { consumer } = consumerWorld({ onBatch });
    consumer.start();
    await run(2_000);
    expect(onBatch).not.toHaveBeenCalled();
  });
});

describe('what is pending and in nobody’s hands', () => {
  it('is read again when more is pending than is in hand, and not else', async () => {
    const { add, readByNobody, asked, seen, consumer } = consumerWorld();
    add(0, 1);
    consumer.start();
    await run();
    asked();
    consumer.notePending(0, 1);
    await run(400);
    expect(asked()).toEqual(['read 0:>']);
    add(0, 2);
    readByNobody(0);
    consumer.notePending(0, 2);
    await run(400);
    expect(asked()).toEqual(['gather 0', 'read 0:0', 'read 0:2-0', 'read 0:>', 'read 0:>']);
    expect(seen()).toEqual([1, 2]);
  });

  it('is looked at once when it was acknowledged meanwhile, and of owned shards only', async () => {
    const { add, asked, consumer, items } = consumerWorld({ shardCount: 2 });
    add(0, 1);
    consumer.start();
    await run();
    asked();
    consumer.notePending(0, 2);
    consumer.notePending(1, 2);
    consumer.ack(items);
    await run(1_200);
    expect(asked()).toEqual(['ack 0 1-0', 'gather 0', 'read 0:>', 'read 0:>', 'read 0:>']);
  });
});
