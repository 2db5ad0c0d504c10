import type { DispatchEntry } from '@parley/contracts';
import type { RoomPosition, RoomStore } from '@parley/redis';
import type { Connection, JoinedRoom, TransportName } from '../connections/connection.js';
import { Buckets } from './buckets.js';
import { catchUp, MAX_REPLAY, sendResync } from './catch-up.js';
import { encodedMessage, type EncodedMessage, takeWrite } from '../connections/encoded-message.js';
import type { Membership } from './membership.js';
import { RecentMessages } from './recent-messages.js';

export interface LocalRoomOptions {
  readonly store: RoomStore;
  /** Bytes waiting in a member's socket above which it is no longer written to. */
  readonly maxOutboundBytes: number;
  readonly bucketCount: number;
  readonly onDelivered: (messages: number, members: number) => void;
}

/** Pause after a catch-up that could not read the room log, milliseconds. */
const CATCH_UP_RETRY_MS = 1_000;
/** Earlier epochs of a room that are remembered. */
const MAX_LEFT_EPOCHS = 8;
/** What was accepted here is read from the log when it has not been dispatched here within this time, milliseconds. */
const EXPECT_WITHIN_MS = 500;

/**
 * One room as this instance sees it: its members here, and how far they have been given its messages.
 *
 * Messages pass in three steps, each moving a position: `tail` (accepted for delivery, gap-free), then a flush to every
 * live member, then `delivered`. Between flushes every live member has exactly the messages up to `delivered`.
 */
export class LocalRoom implements JoinedRoom {
  readonly recent = new RecentMessages();
  readonly members = new Map<Connection, Membership>();
  /** When it last had traffic, ms since 1970. */
  usedAt = Date.now();
  private readonly live: Buckets;
  private readonly behind = new Set<Membership>();
  private pending: EncodedMessage[] = [];
  private flushing: Promise<void> | undefined;
  private tail: number;
  private deliveredSeq: number;
  private line: string;
  /** Epochs before this one, as far as they were seen here. */
  private left: readonly string[] = [];
  /** Deliveries are handled one after another: filling a gap waits for Redis. */
  private inbox: Promise<void> = Promise.resolve();
  /** The highest position that a sender here was told. */
  private expected: RoomPosition | undefined;
  private expectTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly roomId: number,
    readonly kind: 'room' | 'direct',
    position: RoomPosition,
    private readonly options: LocalRoomOptions,
  ) {
    this.tail = this.deliveredSeq = position.seq;
    this.line = position.epoch;
    this.live = new Buckets(options.bucketCount);
  }

  /** Last seq that every live member has. */
  get delivered(): number {
    return this.deliveredSeq;
  }

  /** Last seq taken for delivery. */
  get position(): RoomPosition {
    return { seq: this.tail, epoch: this.line };
  }

  get epoch(): string {
    return this.line;
  }

  /** Adds a member that has everything up to `lastSeq`. It goes live when it has caught up. */
  add(connection: Connection, lastSeq: number): Membership {
    const member: Membership = { connection, room: this, live: false, lastSeq, catchingUp: false };
    this.members.set(connection, member);
    connection.memberships.set(this.roomId, member);
    this.behind.add(member);
    return member;
  }

  remove(connection: Connection): void {
    const member = this.members.get(connection);
    if (!member) return;
    this.members.delete(connection);
    connection.memberships.delete(this.roomId);
    this.behind.delete(member);
    this.live.delete(member);
    member.live = false;
  }

  /** Makes a member live if it is exactly where the room is. Called in the turn in which its position was reached. */
  promote(member: Membership): void {
    if (this.flushing || member.live || member.lastSeq !== this.deliveredSeq || !this.behind.delete(member))
      return;
    member.live = true;
    this.live.add(member);
  }

  drained(connection: Connection): void {
    const member = this.members.get(connection);
    if (member) this.resume(member);
  }

  /** Brings a member that is behind further, as far as its socket takes it. */
  resume(member: Membership): void {
    if (member.live) return;
    void catchUp(member, this.options.store, this.options.maxOutboundBytes).catch(() => {
      // In a quiet room no flush and no drain would come to try again.
      member.retry ??= setTimeout(() => {
        member.retry = undefined;
        this.resume(member);
      }, CATCH_UP_RETRY_MS).unref();
    });
  }

  /**
   * Takes messages in any order and number: what was delivered is dropped, what is missing is read from the room log.
   *
   * @returns Resolves when they are flushed to the members; rejects when a gap could not be read: try again.
   */
  deliver(entries: readonly DispatchEntry[]): Promise<void> {
    this.usedAt = Date.now();
    return this.enqueue(async () => {
      for (const entry of entries) await this.take(entry);
      await this.flush();
    });
  }

  /** Makes sure that everything up to `position` is delivered; reads it from the room log. */
  pullTo(position: RoomPosition): Promise<void> {
    return this.enqueue(async () => {
      if (this.isOfEarlierEpoch(position)) return;
      if (position.epoch !== this.line) await this.startEpoch(position.epoch, position.seq);
      else if (position.seq > this.tail) await this.fill(position.seq);
      await this.flush();
    });
  }

  /**
   * A message was accepted for somebody here, so it should come. While a killed worker's shards wait for their lease to
   * end it does not: then it is read from the log, instead of waiting for the position check.
   */
  expect(position: RoomPosition): void {
    if (position.seq <= Math.max(this.tail, this.expected?.seq ?? 0)) return;
    this.expected = position;
    this.expectTimer ??= setTimeout(() => {
      this.expectTimer = undefined;
      const { expected } = this;
      this.expected = undefined;
      // What cannot be read now is the position check's.
      if (expected && expected.seq > this.tail) void this.pullTo(expected).catch(() => undefined);
    }, EXPECT_WITHIN_MS).unref();
  }

  /** Writes a frame to every member, outside the sequence of messages. A member whose socket is full does without it. */
  announce(text: string): void {
    const framed = new Map<TransportName, Buffer>();
    for (const connection of this.members.keys()) {
      if (connection.bufferedBytes > this.options.maxOutboundBytes) continue;
      let bytes = framed.get(connection.transport);
      if (!bytes) framed.set(connection.transport, (bytes = connection.encode({ seq: 0, epoch: '', text })));
      connection.write(bytes);
    }
  }

  private enqueue(job: () => Promise<void>): Promise<void> {
    const done = this.inbox.then(job);
    this.inbox = done.catch(() => undefined);
    return done;
  }

  private async take(entry: DispatchEntry): Promise<void> {
    if (entry.seq <= this.tail || this.isOfEarlierEpoch(entry)) return;
    if (entry.epoch !== this.line) await this.startEpoch(entry.epoch, entry.seq - 1);
    if (entry.seq > this.tail + 1) await this.fill(entry.seq - 1);
    if (entry.seq === this.tail + 1) this.append(encodedMessage(entry));
  }

  private append(message: EncodedMessage): void {
    this.tail = message.seq;
    this.pending.push(message);
  }

  /** Reads `tail + 1`..`to` from the log. What it no longer has becomes a resync for everybody. */
  private async fill(to: number): Promise<void> {
    if (to - this.tail > MAX_REPLAY) return this.skip(to, 'gap');
    const entries = await this.options.store.range(this.roomId, this.tail + 1, to, MAX_REPLAY);
    for (const entry of entries)
      if (entry.seq === this.tail + 1 && entry.epoch === this.line) this.append(encodedMessage(entry));
    if (this.tail < to) await this.skip(to, 'gap');
  }

  /**
   * Sequence numbers only grow, across epochs too: a lower one is an old epoch's straggler. An epoch may begin where the one
   * before ended, so that at the same number only memory tells them apart.
   */
  private isOfEarlierEpoch({ seq, epoch }: RoomPosition): boolean {
    return epoch !== this.line && (seq < this.tail || this.left.includes(epoch));
  }

  private async startEpoch(epoch: string, seq: number): Promise<void> {
    await this.flush();
    this.left = [...this.left, this.line].slice(-MAX_LEFT_EPOCHS);
    this.line = epoch;
    await this.skip(Math.max(seq, this.tail), 'epoch');
  }

  /** Moves on to `to` and tells every member which range it has to read itself. */
  private async skip(to: number, reason: 'gap' | 'epoch'): Promise<void> {
    await this.flush();
    const from = this.deliveredSeq + 1;
    this.tail = this.deliveredSeq = to;
    this.recent.clear();
    for (const member of this.members.values()) {
      // Ahead of this instance: it has the whole range already.
      if (reason === 'gap' && !member.live && member.lastSeq >= to) {
        this.promote(member);
        continue;
      }
      const first = member.live ? from : member.lastSeq + 1;
      sendResync(member.connection, { roomId: this.roomId, epoch: this.line, from: first, to, reason });
      if (!member.live) {
        member.lastSeq = to;
        this.promote(member);
      }
    }
  }

  private flush(): Promise<void> {
    return (this.flushing ??= this.flushAll().finally(() => {
      this.flushing = undefined;
      for (const member of this.behind) {
        this.promote(member);
        this.resume(member);
      }
    }));
  }

  private async flushAll(): Promise<void> {
    while (this.pending.length > 0) {
      const chunk = takeWrite(this.pending);
      const bytes = new Map<TransportName, Buffer>();
      let written = 0;
      for (const slice of this.live.slices()) {
        for (const member of slice) if (this.writeChunk(member, chunk, bytes)) written++;
        // The next slice waits for one turn, so that heartbeats and other rooms are never starved.
        if (this.live.isLarge) await new Promise((resolve) => setImmediate(resolve));
      }
      this.deliveredSeq = chunk.at(-1)?.seq ?? this.deliveredSeq;
      this.recent.push(chunk);
      this.options.onDelivered(chunk.length, written);
    }
  }

  /** One write for the whole chunk, the same bytes for every member of a transport. */
  private writeChunk(
    member: Membership,
    chunk: readonly EncodedMessage[],
    bytes: Map<TransportName, Buffer>,
  ): boolean {
    const { connection } = member;
    if (connection.bufferedBytes > this.options.maxOutboundBytes) {
      this.live.delete(member);
      member.live = false;
      member.lastSeq = this.deliveredSeq;
      this.behind.add(member);
      return false;
    }
    let buffer = bytes.get(connection.transport);
    if (!buffer) {
      const frames = chunk.map((message) => connection.encode(message));
      bytes.set(
        connection.transport,
        (buffer = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames)),
      );
    }
    connection.write(buffer);
    return true;
  }
}
