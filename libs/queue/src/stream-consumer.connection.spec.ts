import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consumerWorld, run } from './memory-streams.fixture.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => undefined);

describe('a read', () => {
  it('ends when no answer comes for five seconds longer than it may block: the connection is half-open', async () => {
    const { world, add, asked, seen, errors, connection, consumer } = consumerWorld();
    add(0, 1);
    consumer.start();
    await run();
    // Served to nobody.
    world.onReply = never;
    add(0, 2);
    await run();
    asked();
    world.onReply = (rows) => Promise.resolve(rows);
    await run(5_399);
    expect([asked(), errors, connection.disconnect.mock.calls]).toEqual([[], [], []]);
    await run(1);
    // And connects anew.
    expect([errors, connection.disconnect.mock.calls]).toEqual([['connection is silent'], [[true]]]);
    await run(200);
    expect(asked().slice(0, 2)).toEqual(['read 0:0', 'read 0:2-0']);
    expect(seen()).toEqual([1, 2]);
  });

  it('that is answered leaves no listener and no timer behind', async () => {
    const { add, connection, consumer } = consumerWorld({ onBatch: never });
    consumer.start();
    await run(4_000);
    expect(connection.listenerCount('close')).toBe(1);
    add(0, 1);
    await run();
    expect(connection.listenerCount('close')).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not sent while there is no connection: it would be sent whenever there is one, owned or not', async () => {
    const { add, asked, seen, connection, consumer } = consumerWorld();
    connection.status = 'reconnecting';
    add(0, 1);
    consumer.start();
    await run(1_000);
    expect(asked()).toEqual(['ensure 0', 'gather 0']);
    connection.status = 'ready';
    await run(50);
    expect(seen()).toEqual([1]);
  });

  it('that fails is reported, and everything is read from its oldest pending entry a little later', async () => {
    const { world, add, owned, asked, errors, consumer } = consumerWorld({ shardCount: 2 });
    owned.set(1, 1);
    add(0, 1);
    consumer.start();
    await run();
    asked();
    world.onRead = () => {
      throw new Error('refused');
    };
    await run(400);
    expect([asked(), errors]).toEqual([['read 0:>,1:>'], ['refused']]);
    world.onRead = () => undefined;
    await run(199);
    expect(asked()).toEqual([]);
    await run(1);
    expect(asked()[0]).toBe('read 0:0,1:0');
  });

  it('that finds no groups makes them anew, and is repeated although that fails too', async () => {
    const { world, add, asked, seen, errors, consumer } = consumerWorld();
    consumer.start();
    await run();
    world.onRead = () => {
      throw new Error('NOGROUP No such key');
    };
    world.onEnsure = () => Promise.reject(new Error('away'));
    asked();
    await run(600);
    expect(asked()).toEqual(['read 0:>', 'ensure 0', 'read 0:0', 'ensure 0']);
    world.onRead = () => undefined;
    world.onEnsure = () => Promise.resolve();
    add(0, 1);
    await run(200);
    expect(seen()).toEqual([1]);
    expect(errors).toEqual(['NOGROUP No such key', 'NOGROUP No such key']);
  });

  it('that fails otherwise makes no groups', async () => {
    const { world, asked, consumer } = consumerWorld();
    world.onRead = () => {
      throw new Error('refused');
    };
    consumer.start();
    await run(600);
    expect(asked().filter((command) => command.startsWith('ensure'))).toEqual(['ensure 0']);
  });
});

describe('leaving a shard', () => {
  it('is over when the read that asked for it is answered, and at once for others', async () => {
    const { add, consumer } = consumerWorld({ shardCount: 2 });
    const left: number[] = [];
    await consumer.leave(0).then(() => left.push(-1));
    consumer.start();
    await run();
    void consumer.leave(0).then(() => left.push(0));
    void consumer.leave(1).then(() => left.push(1));
    await run(399);
    expect(left).toEqual([-1, 1]);
    add(0, 1);
    await run();
    expect(left).toEqual([-1, 1, 0]);
  });

  it('takes as long as a lost read may still be served', async () => {
    const { owned, connection, consumer } = consumerWorld();
    consumer.start();
    await run(100);
    connection.emit('close');
    owned.clear();
    const left = vi.fn();
    void consumer.leave(0).then(left);
    await run(599);
    expect(left).not.toHaveBeenCalled();
    await run(1);
    expect(left).toHaveBeenCalledTimes(1);
  });
});

describe('a consumer that stops', () => {
  it('waits for its last read, hands out what that brings, and reads no more', async () => {
    const { add, seen, asked, connection, consumer, items, pending } = consumerWorld();
    consumer.start();
    await run();
    asked();
    const stopped = vi.fn();
    void consumer.stopReading().then(stopped);
    await run(399);
    expect(stopped).not.toHaveBeenCalled();
    expect(connection.disconnect).not.toHaveBeenCalled();
    add(0, 1);
    await run();
    expect(stopped).toHaveBeenCalledTimes(1);
    expect(connection.disconnect.mock.calls).toEqual([[]]);
    expect(vi.getTimerCount()).toBe(0);
    expect(seen()).toEqual([1]);
    add(0, 2);
    await run(60_000);
    expect([asked(), seen(), vi.getTimerCount()]).toEqual([[], [1], 0]);
    // What it has in hand may still be acknowledged.
    consumer.ack(items);
    await run();
    expect(pending(0)).toEqual([]);
  });

  it('waits for the batch in hand, however long that takes', async () => {
    let done: () => void = () => undefined;
    const { add, consumer } = consumerWorld({ onBatch: () => new Promise((resolve) => (done = resolve)) });
    add(0, 1);
    consumer.start();
    await run();
    const stopped = vi.fn();
    void consumer.stopReading().then(stopped);
    await run(60_000);
    expect(stopped).not.toHaveBeenCalled();
    done();
    await run();
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  it('cuts a read off that is not answered within a second more than it may block, and says nothing of it', async () => {
    const { world, errors, connection, consumer } = consumerWorld();
    world.onReply = never;
    connection.disconnect.mockImplementation(() => void connection.emit('close'));
    consumer.start();
    await run();
    const stopped = vi.fn();
    void consumer.stopReading().then(stopped);
    await run(1_399);
    expect(stopped).not.toHaveBeenCalled();
    await run(1);
    expect(stopped).toHaveBeenCalledTimes(1);
    expect([connection.disconnect.mock.calls[0], errors]).toEqual([[], []]);
  });

  it('that never started has nothing to wait for', async () => {
    await consumerWorld().consumer.stopReading();
  });
});
