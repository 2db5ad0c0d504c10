import { RedisConnections } from '@parley/redis';
import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { consumerGroups, type ConsumerGroup } from './dispatch-streams.js';
import { numbers, queueWorld } from './queue.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

/** Whole nodes of 100 entries are trimmed. */
const NODE = 100;

async function world(shardCount = 1) {
  const { url } = await sharedRedis();
  const made = queueWorld(url, uniquePrefix('streams'), shardCount);
  const { main, keys, streams } = made;
  const connections = new RedisConnections(url);
  onTestFinished(() => connections.close());
  const blocking = connections.createBlocking('test');
  const kept = async () =>
    (await main.xrange(keys.dispatch(0), '-', '+')).map(([, fields]) => Number(fields[3]));
  /** Reads everything, and acknowledges what is named. */
  async function take(group: ConsumerGroup, isAcked: (seq: number) => boolean): Promise<void> {
    const rows = await streams.read(blocking, group, new Map([[0, '>']]), { count: 10_000, blockMs: 0 });
    await streams.ack(
      group,
      0,
      rows.filter(({ entry }) => isAcked(entry?.seq ?? 0)).map(({ streamId }) => streamId),
    );
  }
  const createGroup = (group: ConsumerGroup) =>
    main.xgroup('CREATE', keys.dispatch(0), group, '0', 'MKSTREAM');
  return { ...made, blocking, kept, take, createGroup };
}

describe('trim', () => {
  it('has nothing to say of a stream that is not there', async () => {
    const { streams } = await world();
    expect(await streams.trim(0)).toMatchObject({
      length: 0,
      pending: 0,
      lag: 0,
      pendingOf: {},
      oldestMsOf: {},
    });
  });

  it.each(consumerGroups)(
    'removes nothing while only the group %s is there, although it has read all',
    async (group) => {
      const { add, streams, kept, take, createGroup } = await world();
      await createGroup(group);
      await add(1, 350);
      await take(group, () => true);
      expect(await streams.trim(0)).toMatchObject({ length: 350, pending: 0, pendingOf: { [group]: 0 } });
      expect(await kept()).toEqual(numbers(1, 350));
      // The other one comes, and has read nothing yet.
      await streams.ensureGroups([0]);
      expect(await streams.trim(0)).toMatchObject({ length: 350, lag: 350 });
      const other = consumerGroups.find((name) => name !== group) as ConsumerGroup;
      await take(other, () => true);
      expect((await streams.trim(0)).length).toBeLessThan(NODE);
    },
  );

  it.each(consumerGroups)(
    'keeps what the group %s lacks, the oldest and everything behind it',
    async (slow) => {
      const { add, streams, kept, take } = await world();
      await streams.ensureGroups([0]);
      await add(1, 450);
      for (const group of consumerGroups) await take(group, (seq) => seq !== (group === slow ? 150 : 350));
      expect(await streams.trim(0)).toMatchObject({
        pending: 2,
        lag: 0,
        pendingOf: { dispatch: 1, archive: 1 },
      });
      const left = await kept();
      expect(left).toEqual(numbers(left[0] ?? 0, 450));
      expect(left[0]).toBeLessThanOrEqual(150);
      expect(left[0]).toBeGreaterThan(150 - NODE);
    },
  );

  it.each(consumerGroups)('keeps what the group %s has not read', async (slow) => {
    const { add, streams, kept, take } = await world();
    await streams.ensureGroups([0]);
    await add(1, 200);
    for (const group of consumerGroups) await take(group, () => true);
    await add(201, 450);
    await take(consumerGroups.find((name) => name !== slow) as ConsumerGroup, () => true);
    expect(await streams.trim(0)).toMatchObject({ pending: 0, lag: 250 });
    expect(await kept()).toEqual(numbers(201, 450));
  });
});

describe('ensureGroups', () => {
  it('makes both groups from the beginning, and leaves those that are there where they are', async () => {
    const { add, streams, blocking, take, pending } = await world(2);
    await add(1, 2);
    await streams.ensureGroups([0, 1]);
    await take('dispatch', (seq) => seq === 1);
    await streams.ensureGroups([0, 1]);
    const read = async (group: ConsumerGroup) =>
      (
        await streams.read(
          blocking,
          group,
          new Map([
            [0, '>'],
            [1, '>'],
          ]),
          { count: 10, blockMs: 0 },
        )
      ).map(({ entry }) => entry?.seq);
    expect(await read('dispatch')).toEqual([]);
    expect(await pending('dispatch')).toBe(1);
    expect(await read('archive')).toEqual([1, 2]);
  });

  it('fails when it cannot', async () => {
    const { main, keys, streams } = await world();
    await main.set(keys.dispatch(0), 'not a stream');
    await expect(streams.ensureGroups([0])).rejects.toThrow('WRONGTYPE');
  });
});

describe('read', () => {
  it('brings so many entries of each shard, as they were written, with the shard that they are of', async () => {
    const { main, keys, add, streams, blocking } = await world(2);
    await streams.ensureGroups([0, 1]);
    await add(1, 5, 0);
    await main.xadd(keys.dispatch(1), '*', ...['r', '3', 's', '9', 'e', 'x', 'b', '{"a":1', 't', '8,9']);
    await main.xadd(keys.dispatch(1), '*', 'r', '3');
    const after = new Map([
      [0, '>'],
      [1, '>'],
    ]);
    const rows = await streams.read(blocking, 'archive', after, { count: 2, blockMs: 0 });
    expect(rows.map(({ shard, entry }) => [shard, entry])).toEqual([
      [0, { roomId: 1, seq: 1, epoch: 'e', body: '{"code":0' }],
      [0, { roomId: 1, seq: 2, epoch: 'e', body: '{"code":0' }],
      [1, { roomId: 3, seq: 9, epoch: 'x', body: '{"a":1', recipients: [8, 9] }],
      [1, undefined],
    ]);
    expect(rows[3]?.fields).toEqual(['r', '3']);
  });

  it('begins after an id with what is pending, and comes back at once when it is not to wait', async () => {
    const { add, streams, blocking, take } = await world();
    await streams.ensureGroups([0]);
    await add(1, 4);
    await take('dispatch', (seq) => seq === 2);
    const options = { count: 10, blockMs: 0 };
    const rows = await streams.read(blocking, 'dispatch', new Map([[0, '0']]), options);
    expect(rows.map(({ entry }) => entry?.seq)).toEqual([1, 3, 4]);
    const rest = await streams.read(blocking, 'dispatch', new Map([[0, rows[0]?.streamId ?? '']]), options);
    expect(rest.map(({ entry }) => entry?.seq)).toEqual([3, 4]);
    expect(await streams.read(blocking, 'dispatch', new Map([[0, '>']]), options)).toEqual([]);
  });

  it('says that there are no groups', async () => {
    const { streams, blocking } = await world();
    await expect(
      streams.read(blocking, 'dispatch', new Map([[0, '>']]), { count: 1, blockMs: 0 }),
    ).rejects.toThrow('NOGROUP');
  });
});

describe('gather', () => {
  it('brings everything that others have pending to the one consumer, however much, and counts all', async () => {
    const { add, streams, blocking, readAs, pending } = await world();
    await streams.ensureGroups([0]);
    expect(await streams.gather('dispatch', 0)).toBe(0);
    await add(1, 2);
    await readAs('owner', 'dispatch');
    await add(3, 1_103);
    await readAs('another', 'dispatch');
    await add(1_104);
    await readAs('third', 'dispatch');
    expect(await streams.gather('dispatch', 0)).toBe(1_104);
    const rows = await streams.read(blocking, 'dispatch', new Map([[0, '0']]), { count: 10_000, blockMs: 0 });
    expect(rows.map(({ entry }) => entry?.seq)).toEqual(numbers(1, 1_104));
    expect([await pending('dispatch'), await pending('archive')]).toEqual([1_104, 0]);
  });
});
