import type { DispatchEntry } from '@parley/contracts';
import type { RedisConnection, RedisConnections } from '@parley/redis';
import type { ConsumerGroup, DispatchStreams, RawEntry } from './dispatch-streams.js';
import type { ShardOwner } from './shard-owner.js';

/** An entry in this process's hands until it is acknowledged. */
export interface StreamItem {
  readonly shard: number;
  readonly fence: number;
  readonly streamId: string;
  readonly entry: DispatchEntry;
}

export interface StreamConsumerOptions {
  readonly group: ConsumerGroup;
  readonly batchSize: number;
  readonly blockMs: number;
  /** Unacknowledged entries in hand above which reading pauses. */
  readonly maxInHand: number;
  /** Takes a batch, in stream order per shard; the next is read when this resolves. Must not reject. */
  readonly onBatch: (items: readonly StreamItem[]) => Promise<void>;
  readonly onError?: (error: unknown) => void;
}

/** Pause after an error, milliseconds. */
const ERROR_PAUSE_MS = 200;
/** An answer later than the longest block by this much will not come, milliseconds. */
const SILENCE_MS = 5_000;
/** How long to wait when no shard is owned or too much is in hand, milliseconds. */
const IDLE_PAUSE_MS = 50;

/**
 * Reads the owned shards of one consumer group. A shard's pending entries come first: after taking it over, and after
 * every broken read, because the reply that was lost may have held entries.
 */
export class StreamConsumer {
  private blocking: RedisConnection | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;
  /** Per shard: the fence it is read under, where to read next, and what is in hand. */
  private readonly shards = new Map<number, { fence: number; after: string; inHand: Set<string> }>();
  private acks = new Map<number, string[]>();
  private acking = false;

  constructor(
    private readonly connections: RedisConnections,
    private readonly streams: DispatchStreams,
    private readonly owner: ShardOwner,
    private readonly options: StreamConsumerOptions,
  ) {}

  start(): void {
    this.blocking = this.connections.createBlocking(`queue-${this.options.group}`);
    this.running = this.loop(this.blocking);
  }

  /** Entries in hand. */
  get inHand(): number {
    let total = 0;
    for (const { inHand } of this.shards.values()) total += inHand.size;
    return total;
  }

  /** Acknowledges items; sent in batches, and repeated until Redis has taken them. */
  ack(items: Iterable<Pick<StreamItem, 'shard' | 'streamId'>>): void {
    for (const { shard, streamId } of items) {
      const ids = this.acks.get(shard);
      if (ids) ids.push(streamId);
      else this.acks.set(shard, [streamId]);
    }
    if (!this.acking && this.acks.size > 0) {
      this.acking = true;
      setImmediate(() => void this.flushAcks());
    }
  }

  /** Stops reading; what is in hand may still be acknowledged. */
  async stopReading(): Promise<void> {
    this.stopping = true;
    this.blocking?.disconnect();
    await this.running;
  }

  private async loop(blocking: RedisConnection): Promise<void> {
    while (!this.stopping) {
      try {
        await this.adoptShards();
        if (this.shards.size === 0 || this.inHand > this.options.maxInHand) {
          await pause(IDLE_PAUSE_MS);
          continue;
        }
        const after = new Map([...this.shards].map(([shard, { after: position }]) => [shard, position]));
        const catchingUp = [...after].filter(([, position]) => position !== '>');
        // Pending entries are there already: reading them never waits, and new ones must not overtake them.
        const positions = catchingUp.length > 0 ? new Map(catchingUp) : after;
        const raw = await this.read(blocking, positions);
        await this.take(raw, catchingUp.length > 0 ? positions : undefined);
      } catch (error) {
        if (this.stopping) break;
        this.options.onError?.(error);
        if (String(error).includes('NOGROUP'))
          await this.streams.ensureGroups(this.shards.keys()).catch(() => undefined);
        for (const shard of this.shards.values()) shard.after = '0';
        await pause(ERROR_PAUSE_MS);
      }
    }
  }

  /**
   * One read. It fails when the connection is lost, because ioredis then leaves a command that it may not send again
   * without an answer, and when no answer comes for far longer than it may block: the connection is half-open.
   */
  private async read(blocking: RedisConnection, positions: ReadonlyMap<number, string>): Promise<RawEntry[]> {
    const { group, batchSize, blockMs } = this.options;
    const lost = new AbortController();
    const onClose = () => lost.abort(new Error('connection lost'));
    blocking.once('close', onClose);
    const watchdog = setTimeout(() => {
      lost.abort(new Error('connection is silent'));
      blocking.disconnect(true);
    }, blockMs + SILENCE_MS);
    try {
      return await Promise.race([
        this.streams.read(blocking, group, positions, { count: batchSize, blockMs }),
        new Promise<never>((_, reject) =>
          lost.signal.addEventListener('abort', () => reject(lost.signal.reason as Error)),
        ),
      ]);
    } finally {
      clearTimeout(watchdog);
      blocking.off('close', onClose);
    }
  }

  private async adoptShards(): Promise<void> {
    const owned = this.owner.owned();
    for (const [shard, { fence }] of this.shards) if (owned.get(shard) !== fence) this.shards.delete(shard);
    const added = [...owned].filter(([shard]) => !this.shards.has(shard));
    if (added.length === 0) return;
    await this.streams.ensureGroups(added.map(([shard]) => shard));
    for (const [shard, fence] of added) this.shards.set(shard, { fence, after: '0', inHand: new Set() });
  }

  private async take(
    raw: readonly RawEntry[],
    catchingUp: ReadonlyMap<number, string> | undefined,
  ): Promise<void> {
    const items: StreamItem[] = [];
    const last = new Map<number, string>();
    for (const { shard, streamId, entry } of raw) {
      last.set(shard, streamId);
      const state = this.shards.get(shard);
      // In hand already: read again after a broken read.
      if (!state || state.inHand.has(streamId)) continue;
      if (!entry) {
        this.options.onError?.(new Error('unreadable stream entry'));
        this.ack([{ shard, streamId }]);
        continue;
      }
      state.inHand.add(streamId);
      items.push({ shard, fence: state.fence, streamId, entry });
    }
    for (const shard of catchingUp?.keys() ?? []) {
      const state = this.shards.get(shard);
      if (state) state.after = last.get(shard) ?? '>';
    }
    if (items.length > 0) await this.options.onBatch(items);
  }

  private async flushAcks(): Promise<void> {
    while (this.acks.size > 0) {
      const acks = this.acks;
      this.acks = new Map();
      await Promise.all(
        [...acks].map(async ([shard, ids]) => {
          try {
            await this.streams.ack(this.options.group, shard, ids);
            const inHand = this.shards.get(shard)?.inHand;
            for (const id of ids) inHand?.delete(id);
          } catch (error) {
            this.options.onError?.(error);
            this.acks.set(shard, [...ids, ...(this.acks.get(shard) ?? [])]);
          }
        }),
      );
      if (this.acks.size > 0) await pause(ERROR_PAUSE_MS);
    }
    this.acking = false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
