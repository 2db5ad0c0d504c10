import { rpcLimits } from '@parley/contracts';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { StreamItem } from './stream-consumer.js';
import { numbers, queueWorld } from './queue.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async () => queueWorld((await sharedRedis()).url, uniquePrefix('queue'));

describe('StreamConsumer', () => {
  it('delivers entries in order, from before and after it started, and acknowledges them', async () => {
    const { add, consume, allAcked } = await world();
    await add(1, 25);
    const { seen, consumer } = consume('dispatch');
    await eventually(() => expect(seen()).toEqual(numbers(1, 25)));
    await add(26, 30);
    await eventually(() => expect(seen()).toEqual(numbers(1, 30)));
    await allAcked('dispatch');
    await eventually(() => expect(consumer.inHand).toBe(0));
  });

  it('reads so many entries at once and no more', async () => {
    const { add, consume } = await world();
    await add(1, 21);
    const { seen, batchSizes } = consume('dispatch', { batchSize: 7 });
    await eventually(() => expect(seen()).toEqual(numbers(1, 21)));
    expect(batchSizes).toEqual([7, 7, 7]);
    await add(22, 29);
    await eventually(() => expect(seen()).toEqual(numbers(1, 29)));
    expect(Math.max(...batchSizes)).toBe(7);
  });

  it('reads until more is in hand than may be, and goes on when it is down to that', async () => {
    const { add, consume, pending } = await world();
    await add(1, 60);
    const { seen, consumer, items, goesRound } = consume('dispatch', { ack: false, maxInHand: 20 });
    // At the bound one more batch is read; above it none.
    await eventually(() => expect(seen()).toEqual(numbers(1, 30)));
    expect(consumer.inHand).toBe(30);
    consumer.ack(items.slice(0, 9));
    await eventually(() => expect(consumer.inHand).toBe(21));
    expect(await pending('dispatch')).toBe(21);
    await goesRound();
    expect(seen()).toHaveLength(30);
    consumer.ack(items.slice(9, 10));
    await eventually(() => expect(seen()).toEqual(numbers(1, 40)));
  });

  // It was acknowledged and gone.
  it('acknowledges an entry that does not parse once it is kept, and reads on', async () => {
    const { main, keys, add, consume, allAcked } = await world();
    await add(1);
    const bad: string[][] = [
      ['r', 'one', 's', '2', 'e', 'e', 'b', '{'],
      ['r', '1', 's', '9007199254740993', 'e', 'e', 'b', '{'],
      ['r', '1', 's', '3', 'e', 'e', 'b', `{${'x'.repeat(rpcLimits.maxBodyChars)}`],
      ['nonsense', ''],
    ];
    for (const fields of bad) await main.xadd(keys.dispatch(0), '*', ...fields);
    await add(4);
    const kept: unknown[] = [];
    let failures = 2;
    const { seen } = consume('archive', {
      onUnreadable: async ({ fields }) => {
        if (failures-- > 0) throw new Error('Redis is full');
        kept.push(fields);
      },
    });
    await eventually(() => expect(seen()).toEqual([1, 4]));
    await allAcked('archive');
    expect(kept).toEqual(bad);
  });

  it('gives a successor what a dead owner left pending, before anything new', async () => {
    const { add, consume, pending, allAcked } = await world();
    await add(1, 15);
    const dead = consume('dispatch', { ack: false, id: 'dead' });
    await eventually(() => expect(dead.seen()).toEqual(numbers(1, 15)));
    await dead.consumer.stopReading();
    await dead.owner.stop();
    expect(await pending('dispatch')).toBe(15);
    await add(16, 20);
    const next = consume('dispatch', { id: 'next' });
    await eventually(() => expect(next.seen()).toEqual(numbers(1, 20)));
    expect(next.items[0]?.fence).toBeGreaterThan(dead.items[0]?.fence ?? Infinity);
    await allAcked('dispatch');
  });

  // The old owner's blocked read was served after it had given the shard back: the gateways, which knew its successor,
  // refused what it brought, nobody ever looked for it, and the stream could not be trimmed any more.
  it('leaves nothing pending behind when its shard changes hands, again and again', async () => {
    const { add, consume, allAcked } = await world();
    let owner = 'a';
    const candidates = () => [owner];
    let highest = 0;
    const ack = ({ fence }: StreamItem) => {
      for (const one of both) highest = Math.max(highest, ...one.owner.owned().values());
      return fence >= highest;
    };
    const both = ['a', 'b'].map((id) => consume('dispatch', { id, candidates, blockMs: 1_000, ack }));
    const seen = () => new Set(both.flatMap((one) => one.seen()));
    let added = 0;
    for (const next of ['b', 'a', 'b', 'a']) {
      await eventually(async () => {
        await add(++added);
        expect(seen()).toEqual(new Set(numbers(1, added)));
      });
      owner = next;
      const successor = both[next === 'a' ? 0 : 1];
      both.forEach((one) => one.owner.poke());
      const reads = successor?.positions.length ?? 0;
      // It has looked for pending entries, and waits for new ones.
      await eventually(() => expect(successor?.positions.slice(reads)).toContain('>'));
      await add(++added);
    }
    await eventually(() => expect(seen()).toEqual(new Set(numbers(1, added))), { timeoutMs: 5_000 });
    await allAcked('dispatch');
  });

  it('waits for its last read when it stops, and hands out what that brings', async () => {
    const { add, consume, pending } = await world();
    await add(1);
    const { seen, consumer } = consume('dispatch', { blockMs: 2_000, ack: false });
    await eventually(() => expect(seen()).toEqual([1]));
    const stopping = consumer.stopReading();
    await add(2);
    await stopping;
    expect(seen()).toEqual([1, 2]);
    await add(3);
    expect(await pending('dispatch')).toBe(2);
  });

  // Each was pending for ever, and kept the stream from being trimmed.
  it('finds what an older version left under another name', async () => {
    const { add, consume, streams, readAs, allAcked } = await world();
    await add(1, 1_200);
    await streams.ensureGroups([0]);
    await readAs('another', 'dispatch');
    await add(1_201);
    const { seen } = consume('dispatch', { batchSize: 500 });
    await eventually(() => expect(seen()).toEqual(numbers(1, 1_201)), { timeoutMs: 5_000 });
    await allAcked('dispatch');
  });

  it('reads again what nobody has, when it is told how much is pending, and nothing that it has itself', async () => {
    const { add, consume, streams, readAs, pending, allAcked } = await world();
    const { seen, consumer, items } = consume('dispatch', { ack: false, blockMs: 2_000, batchSize: 2 });
    await add(1, 3);
    await eventually(() => expect(seen()).toEqual([1, 2, 3]));
    const told = async () => consumer.notePending(0, (await streams.trim(0)).pendingOf.dispatch ?? 0);
    await told();
    await add(4);
    await eventually(() => expect(seen()).toEqual([1, 2, 3, 4]));
    // As a read that came back to nobody. The consumer's own is under way: the one that comes first gets the entry.
    for (const name of ['owner', 'another']) {
      const before = await pending('dispatch');
      await eventually(async () => {
        await Promise.all([readAs(name, 'dispatch'), add(seen().length + 1)]);
        await readAs(name, 'dispatch');
        expect(await pending('dispatch')).toBeGreaterThan(before);
      });
    }
    await eventually(async () => {
      await told();
      expect(await pending('dispatch')).toBe(consumer.inHand);
    });
    expect(new Set(seen()).size).toBe(seen().length);
    consumer.ack(items);
    await allAcked('dispatch');
  });

  it('acknowledges what was pending and is not there any more, and says so', async () => {
    const { main, keys, add, consume, streams, readAs, allAcked, pending } = await world();
    await add(1, 2);
    await streams.ensureGroups([0]);
    await readAs('owner', 'dispatch');
    await main.xtrim(keys.dispatch(0), 'MAXLEN', 1);
    expect(await pending('dispatch')).toBe(2);
    const { seen, errors } = consume('dispatch');
    await eventually(() => expect(seen()).toEqual([2]));
    await allAcked('dispatch');
    expect(errors.map(String)).toEqual(['Error: a pending entry is not in the stream any more']);
  });

  it('pauses above so many bytes in hand, and goes on when bodies are let go of or entries acknowledged', async () => {
    const { add, consume } = await world();
    const body = `{${'x'.repeat(999)}`;
    await add(1, 12, 0, body);
    // In memory each takes at most 2,300 bytes: three are just below the bound, four above.
    const { seen, consumer, items, goesRound } = consume('dispatch', {
      ack: false,
      batchSize: 1,
      maxBytesInHand: 6_900,
    });
    await eventually(() => expect(seen()).toEqual(numbers(1, 4)));
    await goesRound();
    expect(seen()).toEqual(numbers(1, 4));
    items.slice(0, 2).forEach((item) => consumer.letGoOfBody(item));
    await eventually(() => expect(seen()).toEqual(numbers(1, 5)));
    consumer.ack(items.slice(2, 4));
    await eventually(() => expect(seen()).toEqual(numbers(1, 7)));
  });

  it('goes on after Redis lost the stream and its groups', async () => {
    const { main, keys, add, consume } = await world();
    await add(1, 3);
    const { seen } = consume('dispatch');
    await eventually(() => expect(seen()).toEqual([1, 2, 3]));
    await main.del(keys.dispatch(0));
    await add(4, 6);
    await eventually(() => expect(seen()).toEqual(numbers(1, 6)));
  });

  it('reports and acknowledges an entry that it cannot read, and delivers the others', async () => {
    const { main, keys, add, consume, allAcked } = await world();
    await add(1);
    await main.xadd(keys.dispatch(0), '*', 'r', 'x');
    await add(2);
    const { seen, errors } = consume('dispatch');
    await eventually(() => expect(seen()).toEqual([1, 2]));
    await allAcked('dispatch');
    expect(errors.map(String)).toEqual(['Error: unreadable stream entry']);
  });
});

describe('trim', () => {
  // A restart left Redis with a wrong count of what a group had read: the shard never counted as read to the end.
  it('knows that everything has been read although Redis has lost count', async () => {
    const { main, keys, streams, add, consume, allAcked } = await world();
    await add(1, 20);
    for (const group of ['dispatch', 'archive'] as const) {
      const { seen } = consume(group, { id: 'a' });
      await eventually(() => expect(seen()).toHaveLength(20));
      await allAcked(group);
    }
    const stream = keys.dispatch(0);
    const [last] = await main.xrevrange(stream, '+', '-', 'COUNT', 1);
    await main.call('XGROUP', 'SETID', stream, 'archive', last?.[0] ?? '', 'ENTRIESREAD', 7);
    expect(String(await main.xinfo('GROUPS', stream))).toContain('lag,13');
    expect(await streams.trim(0)).toMatchObject({ pending: 0, lag: 0 });
    await add(21);
    await eventually(async () => expect(await streams.trim(0)).toMatchObject({ pending: 0, lag: 0 }));
  });
});
