import { eventually } from '@parley/testing';
import { RedisConnections, RedisKeys, LeaseStore } from '@parley/redis';
import { expect, onTestFinished, vi } from 'vitest';
import { DispatchStreams, type ConsumerGroup, type RawEntry } from './dispatch-streams.js';
import { ShardOwner } from './shard-owner.js';
import { StreamConsumer, type StreamItem } from './stream-consumer.js';

export interface ConsumeOptions {
  /** Whether items are acknowledged as soon as they come. @defaultValue true */
  readonly ack?: boolean | ((item: StreamItem) => boolean);
  readonly at?: string;
  readonly id?: string;
  readonly batchSize?: number;
  readonly maxInHand?: number;
  readonly maxBytesInHand?: number;
  readonly blockMs?: number;
  /** Who should own shards. @defaultValue this one alone */
  readonly candidates?: () => readonly string[];
  readonly onUnreadable?: (entry: RawEntry) => Promise<void>;
}

/** Makers of owners and consumers on one Redis; all end with the test. */
export function queueWorld(url: string, prefix: string, shardCount = 1) {
  const keys = new RedisKeys(prefix, { shardCount, shardOf: () => 0 });
  const connect = (at = url) => {
    const connections = new RedisConnections(at);
    onTestFinished(() => connections.close());
    return connections;
  };
  const { main } = connect();
  const streams = new DispatchStreams(main, keys);

  /** Appends entries `from` to `to` as the accept script does. */
  async function add(from: number, to = from, shard = 0, body = '{"code":0'): Promise<void> {
    const pipeline = main.pipeline();
    for (let seq = from; seq <= to; seq++)
      pipeline.xadd(keys.dispatch(shard), '*', 'r', 1, 's', seq, 'e', 'e', 'b', body, 't', '');
    await pipeline.exec();
  }

  function owner(instanceId: string, candidates: () => readonly string[], leaseTtlMs = 5_000): ShardOwner {
    const leases = new LeaseStore(connect().main, keys);
    const made = new ShardOwner(leases, {
      ...{ instanceId, shardCount, leaseTtlMs, candidates },
      // What depends on its leases is tested; that one is tried again is, too.
      onError: () => undefined,
    });
    onTestFinished(() => made.stop());
    made.start();
    return made;
  }

  /** A consumer that owns all shards; `seen` are the numbers it was given. */
  function consume(group: ConsumerGroup, options: ConsumeOptions = {}) {
    const { ack = true, at, id = 'a', batchSize = 10, maxInHand = 10_000, blockMs = 100 } = options;
    const { candidates = () => [id], onUnreadable } = options;
    const items: StreamItem[] = [];
    const errors: unknown[] = [];
    const batchSizes: number[] = [];
    const connections = connect(at);
    const mine = owner(id, candidates);
    const positions: string[] = [];
    const itsStreams = new DispatchStreams(connections.main, keys);
    const read = itsStreams.read.bind(itsStreams);
    itsStreams.read = (blocking, of, after, how) => {
      positions.push(...after.values());
      return read(blocking, of, after, how);
    };
    const consumer = new StreamConsumer(connections, itsStreams, mine, {
      group,
      batchSize,
      blockMs,
      maxInHand,
      ...(options.maxBytesInHand !== undefined && { maxBytesInHand: options.maxBytesInHand }),
      onBatch: async (batch) => {
        batchSizes.push(batch.length);
        items.push(...batch);
        consumer.ack(batch.filter((item) => (typeof ack === 'boolean' ? ack : ack(item))));
      },
      onError: (error) => errors.push(error),
      ...(onUnreadable && { onUnreadable }),
    });
    onTestFinished(() => consumer.stopReading());
    consumer.start();
    const seen = () => items.map(({ entry }) => entry.seq);
    const asked = vi.spyOn(mine, 'owned');
    /** Resolves when it has gone round twice more: it has found something to read by then, or may not. */
    const goesRound = async () => {
      const before = asked.mock.calls.length;
      // Twice a round it asks what it owns.
      await eventually(() => expect(asked.mock.calls.length).toBeGreaterThan(before + 4));
    };
    return { consumer, owner: mine, items, batchSizes, errors, seen, positions, goesRound };
  }

  const pending = async (group: ConsumerGroup) => Number((await main.xpending(keys.dispatch(0), group))[0]);
  const allAcked = (group: ConsumerGroup) =>
    eventually(async () => expect(await pending(group)).toBe(0), { timeoutMs: 5_000 });

  /** Reads everything new as another process would that has the shard's one name, or an older version's. */
  const readAs = async (consumer: string, group: ConsumerGroup) => {
    await main.xreadgroup('GROUP', group, consumer, 'STREAMS', keys.dispatch(0), '>');
  };

  return { readAs, keys, main, streams, add, owner, consume, pending, allAcked };
}

export const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
