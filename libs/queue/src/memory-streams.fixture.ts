import type { RedisConnection } from '@parley/redis';
import { EventEmitter } from 'node:events';
import { onTestFinished, vi } from 'vitest';
import type { DispatchStreams, RawEntry } from './dispatch-streams.js';
import { StreamConsumer, type StreamConsumerOptions, type StreamItem } from './stream-consumer.js';

type Streams = Pick<DispatchStreams, 'ensureGroups' | 'gather' | 'read' | 'ack'>;

interface Shard {
  readonly rows: RawEntry[];
  /** How many of them the group has been given. */
  read: number;
  /** Given and not acknowledged, in order. */
  readonly pending: Set<string>;
}

/** Streams of one group as Redis keeps them, on the test's clock; what is asked of them is logged. */
export function memoryStreams(shardCount: number) {
  const shards = new Map<number, Shard>();
  for (let shard = 0; shard < shardCount; shard++)
    shards.set(shard, { rows: [], read: 0, pending: new Set() });
  const at = (shard: number) => shards.get(shard) as Shard;
  const log: string[] = [];
  let arrived = () => undefined as void;
  const world = {
    /** Called when a read has been served: a rejection, or nothing for ever, is what its reader gets instead. */
    onReply: (rows: RawEntry[]): Promise<RawEntry[]> => Promise.resolve(rows),
    onAck: (_ids: readonly string[]): Promise<void> => Promise.resolve(),
    onRead: () => undefined as void,
    onGather: (_shard: number): Promise<void> => Promise.resolve(),
    onEnsure: (): Promise<void> => Promise.resolve(),
  };

  function serve(after: ReadonlyMap<number, string>, count: number): RawEntry[] {
    return [...after].flatMap(([shard, id]) => {
      const { rows, pending, read } = at(shard);
      if (id !== '>')
        return rows
          .filter((row) => pending.has(row.streamId) && numberOf(row) > parseInt(id))
          .slice(0, count);
      const fresh = rows.slice(read, read + count);
      at(shard).read += fresh.length;
      for (const { streamId } of fresh) pending.add(streamId);
      return fresh;
    });
  }

  const streams: Streams = {
    ensureGroups: (of) => {
      log.push(`ensure ${[...of].join()}`);
      return world.onEnsure();
    },
    gather: async (_group, shard) => {
      log.push(`gather ${shard}`);
      await world.onGather(shard);
      return at(shard).pending.size;
    },
    read: async (_blocking, _group, after, { count, blockMs }) => {
      log.push(`read ${[...after].map((position) => position.join(':')).join()}`);
      world.onRead();
      let rows = serve(after, count);
      if (rows.length === 0 && blockMs > 0 && [...after.values()].every((id) => id === '>')) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, blockMs);
          arrived = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        rows = serve(after, count);
      }
      return world.onReply(rows);
    },
    ack: async (_group, shard, ids) => {
      log.push(`ack ${shard} ${ids.join()}`);
      await world.onAck(ids);
      for (const id of ids) at(shard).pending.delete(id);
    },
  };

  /** Appends messages; 0 stands for one that does not parse, -1 for one that was deleted. */
  function add(shard: number, ...seqs: number[]): void {
    const { rows } = at(shard);
    for (const seq of seqs)
      rows.push({
        shard,
        streamId: `${rows.length + 1}-0`,
        entry: seq > 0 ? { roomId: 1, seq, epoch: 'e', body: '{' } : undefined,
        hinted: false,
        fields: seq < 0 ? null : ['s', String(seq)],
      });
    arrived();
  }
  const pending = (shard: number) => [...at(shard).pending];
  /** As another reader of the group's one name would, whose answer nobody got. */
  const readByNobody = (shard: number) => void serve(new Map([[shard, '>']]), Infinity);
  /** What was asked since the last look. */
  const asked = () => log.splice(0);
  return { streams, world, add, pending, readByNobody, asked };
}

const numberOf = ({ streamId }: RawEntry) => parseInt(streamId);

/** A consumer of streams in memory, that owns shard 0 under fence 1; the test lets its clock run. */
export function consumerWorld(options: Partial<StreamConsumerOptions> & { shardCount?: number } = {}) {
  const { shardCount = 1, ...given } = options;
  const memory = memoryStreams(shardCount);
  const owned = new Map([[0, 1]]);
  /** Shards that are owned for a moment only, shorter than a read may block. */
  const endingSoon = new Set<number>();
  const connection = Object.assign(new EventEmitter(), { status: 'ready', disconnect: vi.fn() });
  const askedFor: number[] = [];
  const items: StreamItem[] = [];
  const more: boolean[] = [];
  const errors: string[] = [];
  const roles: string[] = [];
  const readers: unknown[] = [];
  const consumer = new StreamConsumer(
    {
      createBlocking: (role) => {
        roles.push(role);
        return connection as unknown as RedisConnection;
      },
    },
    memory.streams,
    {
      owned: (forMs = 0) => {
        askedFor.push(forMs);
        return new Map([...owned].filter(([shard]) => forMs === 0 || !endingSoon.has(shard)));
      },
      addReader: (reader) => readers.push(reader),
    },
    {
      group: 'dispatch',
      batchSize: 3,
      blockMs: 400,
      maxInHand: 100,
      onBatch: async (batch, isMore) => {
        items.push(...batch);
        more.push(isMore);
      },
      onError: (error) => errors.push((error as Error).message),
      ...given,
    },
  );
  onTestFinished(() => {
    // Not waited for: a test may hold what it would wait for.
    void consumer.stopReading();
  });
  const seen = () => items.map(({ entry }) => entry.seq);
  return {
    ...memory,
    consumer,
    owned,
    endingSoon,
    connection,
    askedFor,
    items,
    more,
    errors,
    roles,
    readers,
    seen,
  };
}

/** Lets the clock run; whatever is not held arrives. Needs fake `setTimeout`, and the real `setImmediate`. */
export async function run(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}
