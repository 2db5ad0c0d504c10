import { dispatchEntrySchema, type DispatchEntry } from '@parley/contracts';

import { runScript, type RedisConnection, type RedisKeys } from '@parley/redis';

/** Consumer groups of a dispatch stream: everything accepted goes to the sockets and to the archive. */
export const consumerGroups = ['dispatch', 'archive'] as const;
export type ConsumerGroup = (typeof consumerGroups)[number];

/**
 * The one consumer of a group. One process at a time reads a shard, under a lease, so the name is stable: what a dead
 * owner left pending is found by its successor under the same name, without claiming.
 */
const CONSUMER = 'owner';

export interface RawEntry {
  readonly shard: number;
  readonly streamId: string;
  /** Undefined when the entry does not parse. */
  readonly entry: DispatchEntry | undefined;
  /** See `StreamItem`. */
  readonly hinted: boolean;
  /** As they are in the stream, names and values in turn; null when the entry is there no more. */
  readonly fields: readonly string[] | null;
}

/** How far a stream's readers are; see `trim-dispatch-1.lua`. */
export interface StreamBacklog {
  readonly length: number;
  readonly pending: number;
  readonly lag: number;
  /** Entries that each group has read and not acknowledged. */
  readonly pendingOf: Readonly<Partial<Record<ConsumerGroup, number>>>;
  /** Age of the oldest entry that each group has not acknowledged, milliseconds; 0 when there is none. */
  readonly oldestMsOf: Readonly<Partial<Record<ConsumerGroup, number>>>;
  /** Redis's clock, whose time ids have; ms since 1970. */
  readonly redisNowMs: number;
}

/** Pending entries of another consumer that are claimed with one command. */
const CLAIM_AT_ONCE = 500;

/** Commands on dispatch streams. */
export class DispatchStreams {
  constructor(
    private readonly main: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** Creates the groups where they are missing, from the stream's beginning. */
  async ensureGroups(shards: Iterable<number>): Promise<void> {
    const jobs: Promise<unknown>[] = [];
    for (const shard of shards) {
      for (const group of consumerGroups) {
        jobs.push(
          this.main
            .xgroup('CREATE', this.keys.dispatch(shard), group, '0', 'MKSTREAM')
            .catch((error: Error) => {
              if (!error.message.startsWith('BUSYGROUP')) throw error;
            }),
        );
      }
    }
    await Promise.all(jobs);
  }

  /**
   * Reads entries of several shards, in stream order per shard.
   *
   * @param blocking - Connection to wait on; nothing else may use it.
   * @param after - Per shard: `>` for new entries, or an id: entries read before and not acknowledged, after that id. One
   *   such id among them, and the read does not wait.
   * @param options - `count`: entries of each shard at the most; `blockMs`: how long to wait for one, 0 not at all.
   * @throws {Error} `NOGROUP` when Redis lost its data: call {@link ensureGroups}.
   * @see Redis XREADGROUP
   */
  async read(
    blocking: RedisConnection,
    group: ConsumerGroup,
    after: ReadonlyMap<number, string>,
    options: { count: number; blockMs: number },
  ): Promise<RawEntry[]> {
    const shards = [...after.keys()];
    // The typed form has no such thing as an optional BLOCK.
    const reply = (await blocking.call(
      'XREADGROUP',
      'GROUP',
      group,
      CONSUMER,
      'COUNT',
      options.count,
      // A zero would mean for ever.
      ...(options.blockMs > 0 ? ['BLOCK', options.blockMs] : []),
      'STREAMS',
      ...shards.map((shard) => this.keys.dispatch(shard)),
      ...after.values(),
    )) as [string, [string, string[] | null][]][] | null;
    if (!reply) return [];
    const shardOfKey = new Map(shards.map((shard) => [this.keys.dispatch(shard), shard]));
    return reply.flatMap(([key, rows]) =>
      rows.map(([streamId, fields]) => ({
        shard: shardOfKey.get(key) ?? -1,
        streamId,
        ...parseEntry(fields),
        fields,
      })),
    );
  }

  async ack(group: ConsumerGroup, shard: number, streamIds: readonly string[]): Promise<void> {
    await this.main.xack(this.keys.dispatch(shard), group, ...streamIds);
  }

  /**
   * Brings what is pending under other names to the consumer that reads: an older version may have left it.
   *
   * @returns Entries pending in the group.
   * @throws {Error} `NOGROUP` as {@link read}.
   */
  async gather(group: ConsumerGroup, shard: number): Promise<number> {
    const key = this.keys.dispatch(shard);
    const [pending, , , consumers] = (await this.main.xpending(key, group)) as [
      number,
      string | null,
      string | null,
      [string, string][] | null,
    ];
    for (const [name, count] of consumers ?? []) {
      if (name === CONSUMER) continue;
      for (let left = Number(count); left > 0; left -= CLAIM_AT_ONCE) {
        const rows = (await this.main.xpending(key, group, '-', '+', CLAIM_AT_ONCE, name)) as [string][];
        const ids = rows.map(([id]) => id);
        if (ids.length > 0) await this.main.xclaim(key, group, CONSUMER, 0, ...ids, 'JUSTID');
      }
    }
    return pending;
  }

  /** Removes what both groups have acknowledged. */
  async trim(shard: number): Promise<StreamBacklog> {
    const [length, pending, lag, groups, redisNowMs] = (await runScript(
      this.main,
      'trimDispatch',
      [this.keys.dispatch(shard)],
      [consumerGroups.length],
    )) as [number, number, number, (string | number)[], number];
    const pendingOf: Partial<Record<ConsumerGroup, number>> = {};
    const oldestMsOf: Partial<Record<ConsumerGroup, number>> = {};
    for (const group of consumerGroups) {
      const at = groups.indexOf(group);
      if (at < 0) continue;
      pendingOf[group] = Number(groups[at + 1]);
      oldestMsOf[group] = Number(groups[at + 2]);
    }
    return { length, pending, lag, pendingOf, oldestMsOf, redisNowMs };
  }
}

/** Fields are written by the accept script: r room, s seq, e epoch, b body, t recipients, h whether it was hinted, a what is kept of an act, p its trace if it has one. */
function parseEntry(fields: string[] | null): Pick<RawEntry, 'entry' | 'hinted'> {
  // A pending entry that was deleted from the stream has no fields.
  if (!fields) return { entry: undefined, hinted: false };
  const value: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) value[fields[i] as string] = fields[i + 1] as string;
  const parsed = dispatchEntrySchema.safeParse({
    roomId: Number(value['r']),
    seq: Number(value['s']),
    epoch: value['e'],
    body: value['b'],
    ...(value['t'] && { recipients: value['t'].split(',').map(Number) }),
    ...(value['a'] && { act: value['a'] }),
    ...(value['p'] && { traceparent: value['p'] }),
  });
  return { entry: parsed.success ? parsed.data : undefined, hinted: value['h'] === '1' };
}
