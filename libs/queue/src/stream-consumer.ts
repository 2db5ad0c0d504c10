import type { DispatchEntry } from '@parley/contracts';
import type { RedisConnection, RedisConnections } from '@parley/redis';
import type { ConsumerGroup, DispatchStreams, RawEntry } from './dispatch-streams.js';
import { HandBook, type ShardHand } from './hand-book.js';
import { ReadPlan } from './read-plan.js';
import { SentReads } from './sent-reads.js';
import type { ShardOwner, ShardReader } from './shard-owner.js';

/** An entry in this process's hands until it is acknowledged. */
export interface StreamItem {
  readonly shard: number;
  readonly fence: number;
  readonly streamId: string;
  readonly entry: DispatchEntry;
  /** Every gateway that held the room when it was accepted has been sent it already, by a hint that may be lost. */
  readonly hinted: boolean;
  /** What Redis belonged to when it was read, see `DatabaseLife`; undefined when that was not known. */
  readonly databaseLife?: string | undefined;
}

export interface StreamConsumerOptions {
  readonly group: ConsumerGroup;
  readonly batchSize: number;
  readonly blockMs: number;
  /** Unacknowledged entries in hand above which reading pauses. */
  readonly maxInHand: number;
  /** Bytes of their bodies, above which it pauses likewise. @defaultValue 64 MiB */
  readonly maxBytesInHand?: number;
  /**
   * Takes a batch, in stream order per shard; the next is read when this resolves. Must not reject.
   *
   * @param more - There are further entries already.
   */
  readonly onBatch: (items: readonly StreamItem[], more: boolean) => Promise<void>;
  /** Names the database that Redis belongs to; items carry what was said when their read began. */
  readonly databaseLife?: () => string | undefined;
  /** Keeps an entry that does not parse: it is acknowledged when this resolves, and comes again when it rejects. */
  readonly onUnreadable?: (entry: RawEntry) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** See {@link StreamConsumerOptions.maxBytesInHand}. Judgement: some hundred thousand ordinary messages. */
const MAX_BYTES_IN_HAND = 64 * 1024 * 1024;
/** Pause after an error, milliseconds. */
const ERROR_PAUSE_MS = 200;
/** An answer later than the longest block by this much will not come, milliseconds. */
const SILENCE_MS = 5_000;
/** A stopping process waits for its last read so much longer than that may block, milliseconds. */
const STOP_MARGIN_MS = 1_000;
/** How long to wait when no shard is owned or too much is in hand, milliseconds. */
const IDLE_PAUSE_MS = 50;

/**
 * Reads the owned shards of one consumer group. A shard's pending entries come first: after taking it over, after every
 * broken read, because the reply that was lost may have held entries, and whenever more of them are pending than are in
 * hand, so that nothing stays pending for ever whatever the cause.
 */
export class StreamConsumer implements ShardReader {
  private blocking: RedisConnection | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;
  private readonly hands = new HandBook();
  private readonly plan: ReadPlan;
  private readonly sent: SentReads;
  private acks = new Map<number, string[]>();
  private acking = false;

  constructor(
    private readonly connections: Pick<RedisConnections, 'createBlocking'>,
    private readonly streams: Pick<DispatchStreams, 'ensureGroups' | 'gather' | 'read' | 'ack'>,
    private readonly owner: Pick<ShardOwner, 'owned' | 'addReader'>,
    private readonly options: StreamConsumerOptions,
  ) {
    this.plan = new ReadPlan(options.batchSize);
    this.sent = new SentReads(options.blockMs);
    owner.addReader(this);
  }

  start(): void {
    this.blocking = this.connections.createBlocking(`queue-${this.options.group}`);
    this.running = this.loop(this.blocking);
  }

  /** Entries in hand. */
  get inHand(): number {
    return this.hands.entries;
  }

  leave(shard: number): Promise<void> {
    return this.sent.ended(shard);
  }

  /**
   * Tells how many entries Redis has pending for a shard. Are there more than are in hand here, that is looked into when
   * no read is under way, and those that nobody has are read again.
   */
  notePending(shard: number, pending: number): void {
    const hand = this.hands.get(shard);
    if (hand && pending > hand.size) hand.isSuspect = true;
  }

  /** The body of an item is not needed any more, although the item is still to be acknowledged. */
  letGoOfBody({ shard, streamId }: Pick<StreamItem, 'shard' | 'streamId'>): void {
    this.hands.get(shard)?.letGoOfBody(streamId);
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

  /** Lets go of these shards' items without acknowledging them, and reads again what is pending. @defaultValue all */
  forget(shards: Iterable<number> = this.hands.shards()): void {
    for (const shard of shards) this.hands.delete(shard);
  }

  /**
   * Stops reading; what is in hand may still be acknowledged. The last read is waited for: cut off, it could still be
   * served, and its entries would be in nobody's hands.
   */
  async stopReading(): Promise<void> {
    this.stopping = true;
    const late = setTimeout(() => this.blocking?.disconnect(), this.options.blockMs + STOP_MARGIN_MS);
    await this.running;
    clearTimeout(late);
    this.blocking?.disconnect();
  }

  private async loop(blocking: RedisConnection): Promise<void> {
    while (!this.stopping) {
      try {
        await this.adoptShards();
        await this.lookIntoSuspects();
        // In this very turn: what is not owned any more is not asked for, and what is lasts longer than the read.
        const owned = this.owner.owned(this.options.blockMs);
        const readable = this.hands.shards().filter((shard) => owned.has(shard));
        // A command that waits for a connection would be sent whenever that comes, and owned or not.
        if (readable.length === 0 || this.isFull || blocking.status !== 'ready') {
          await pause(IDLE_PAUSE_MS);
          continue;
        }
        await this.readOnce(blocking, readable);
      } catch (error) {
        if (this.stopping) break;
        this.options.onError(error);
        if (String(error).includes('NOGROUP'))
          await this.streams.ensureGroups(this.hands.shards()).catch(() => undefined);
        for (const hand of this.hands.all()) hand.after = '0';
        await pause(ERROR_PAUSE_MS);
      }
    }
  }

  private get isFull(): boolean {
    const { maxInHand, maxBytesInHand = MAX_BYTES_IN_HAND } = this.options;
    return this.hands.entries > maxInHand || this.hands.bytes > maxBytesInHand;
  }

  private async readOnce(blocking: RedisConnection, readable: readonly number[]): Promise<void> {
    const plan = this.plan.next(readable);
    const positions = new Map<number, string>();
    for (const shard of plan.shards) positions.set(shard, this.hands.get(shard)?.after ?? '>');
    // Others may have something while a part would be waited for.
    const blockMs = plan.isPart ? 0 : this.options.blockMs;
    const databaseLife = this.options.databaseLife?.();
    const raw = await this.read(blocking, positions, plan.count, blockMs);
    const counts = new Map<number, number>();
    for (const { shard } of raw) counts.set(shard, (counts.get(shard) ?? 0) + 1);
    // First: when one cannot be kept, all are read again, and none may be in hand.
    for (const row of raw)
      if (!row.entry && row.fields && this.hands.get(row.shard)) await this.options.onUnreadable?.(row);
    const items = this.take(raw, positions).map((item) =>
      databaseLife === undefined ? item : { ...item, databaseLife },
    );
    const more = this.plan.note(counts, plan);
    if (items.length > 0) await this.options.onBatch(items, more);
  }

  /**
   * One read. It fails when the connection is lost, because ioredis then leaves a command that it may not send again
   * without an answer, and when no answer comes for far longer than it may block: the connection is half-open.
   */
  private async read(
    blocking: RedisConnection,
    positions: ReadonlyMap<number, string>,
    count: number,
    blockMs: number,
  ): Promise<RawEntry[]> {
    const lost = new AbortController();
    const onClose = () => lost.abort(new Error('connection lost'));
    blocking.once('close', onClose);
    const watchdog = setTimeout(() => {
      lost.abort(new Error('connection is silent'));
      blocking.disconnect(true);
    }, blockMs + SILENCE_MS);
    const sent = this.sent.send(positions.keys());
    try {
      const entries = await Promise.race([
        this.streams.read(blocking, this.options.group, positions, { count, blockMs }),
        new Promise<never>((_, reject) =>
          lost.signal.addEventListener('abort', () => reject(lost.signal.reason as Error)),
        ),
      ]);
      sent.answered();
      return entries;
    } catch (error) {
      sent.lost();
      throw error;
    } finally {
      clearTimeout(watchdog);
      blocking.off('close', onClose);
    }
  }

  private async adoptShards(): Promise<void> {
    const owned = this.owner.owned();
    for (const shard of this.hands.shards())
      if (owned.get(shard) !== this.hands.get(shard)?.fence) this.hands.delete(shard);
    const added = [...owned].filter(([shard]) => !this.hands.get(shard));
    if (added.length === 0) return;
    await this.streams.ensureGroups(added.map(([shard]) => shard));
    await Promise.all(added.map(([shard]) => this.streams.gather(this.options.group, shard)));
    for (const [shard, fence] of added) this.hands.add(shard, fence);
  }

  /** No read is under way: what is pending and not in hand is in nobody's. */
  private async lookIntoSuspects(): Promise<void> {
    for (const shard of this.hands.shards()) {
      const hand = this.hands.get(shard);
      if (!hand?.isSuspect || hand.after !== '>') continue;
      hand.isSuspect = false;
      if ((await this.streams.gather(this.options.group, shard)) > hand.size) hand.after = '0';
    }
  }

  private take(raw: readonly RawEntry[], positions: ReadonlyMap<number, string>): StreamItem[] {
    const items: StreamItem[] = [];
    const last = new Map<number, string>();
    for (const row of raw) {
      last.set(row.shard, row.streamId);
      const hand = this.hands.get(row.shard);
      const item = hand && this.itemOf(row, hand);
      if (item) items.push(item);
    }
    for (const [shard, after] of positions) {
      const hand = this.hands.get(shard);
      if (hand && after !== '>') hand.after = last.get(shard) ?? '>';
    }
    return items;
  }

  private itemOf(
    { shard, streamId, entry, hinted, fields }: RawEntry,
    hand: ShardHand,
  ): StreamItem | undefined {
    // In hand already: read again after a broken read.
    if (hand.has(streamId)) return undefined;
    if (!entry) {
      this.options.onError(
        new Error(fields ? 'unreadable stream entry' : 'a pending entry is not in the stream any more'),
      );
      this.ack([{ shard, streamId }]);
      return undefined;
    }
    hand.take(streamId, entry.body);
    return { shard, fence: hand.fence, streamId, entry, hinted };
  }

  private async flushAcks(): Promise<void> {
    while (this.acks.size > 0) {
      const acks = this.acks;
      this.acks = new Map();
      await Promise.all(
        [...acks].map(async ([shard, ids]) => {
          try {
            await this.streams.ack(this.options.group, shard, ids);
            const hand = this.hands.get(shard);
            for (const id of ids) hand?.drop(id);
          } catch (error) {
            this.options.onError(error);
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
