import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchEntry } from '@parley/contracts';
import type { RoomFacts, RoomState } from '@parley/protocol';
import type { RoomPosition } from '@parley/redis';
import type { Connection } from '../connections/connection.js';
import { Announcements } from './announcements.js';
import { catchUp, MAX_REPLAY, resyncFrame, sendResync } from './catch-up.js';
import { Departures } from './departures.js';
import { EpochLine } from './epoch-line.js';
import { Expectation } from './expectation.js';
import type { LocalRoomOptions } from './local-room-options.js';
import { EncodedChunk } from '../connections/encoded-chunk.js';
import {
  encodedMessage,
  MAX_WRITE_BYTES,
  takeWrite,
  type EncodedMessage,
} from '../connections/encoded-message.js';
import type { MembersRoom, Membership } from './membership.js';
import { RecentMessages } from './recent-messages.js';
import { hiddenBy, RoomActs } from './room-acts.js';
import { Turn } from './turn.js';

const CATCH_UP_RETRY_MS = 1_000;

/**
 * One room as this instance sees it: its members here, and how far they have been given its messages.
 *
 * Messages pass in three steps, each moving a position: `tail` (accepted for delivery, gap-free), then a flush to every
 * live member, then `delivered`. Between the writes of a flush every live member has exactly the messages up to
 * `delivered`.
 */
export class LocalRoom implements MembersRoom {
  readonly recent: RecentMessages;
  readonly members = new Map<Connection, Membership>();
  readonly acts: RoomActs;
  /** When it last had traffic, milliseconds, monotonic. */
  usedAt = performance.now();
  private readonly live = new Set<Membership>();
  private readonly behind = new Set<Membership>();
  private pending: EncodedMessage[] = [];
  /** What is being written now. */
  private underWay: EncodedMessage[] = [];
  private readonly departures: Departures;
  /** Bytes taken here and not flushed. */
  private takenBytes = 0;
  private flushing: Promise<void> | undefined;
  /** Some live members have what others will have next. */
  private writing = false;
  private readonly announcements: Announcements;
  private closed = false;
  private tail: number;
  private deliveredSeq: number;
  private readonly line: EpochLine;
  /** Deliveries are handled one after another: filling a gap waits for Redis. */
  private inbox: Promise<void> = Promise.resolve();
  /** Jobs of the inbox that have not ended. */
  private jobs = 0;
  private readonly expectation = new Expectation(
    () => this.tail,
    (position) => this.pullTo(position),
  );

  constructor(
    readonly roomId: number,
    readonly kind: 'room' | 'direct',
    position: RoomPosition,
    private readonly options: LocalRoomOptions,
    facts?: RoomFacts,
  ) {
    this.acts = new RoomActs(facts);
    this.announcements = new Announcements(this.members, options.maxOutboundBytes);
    this.tail = this.deliveredSeq = position.seq;
    this.line = new EpochLine(position.epoch);
    this.departures = new Departures(this.members, (connection, why) =>
      options.onPutOut(roomId, connection, why),
    );
    this.recent = new RecentMessages(options.recent);
  }

  get delivered(): number {
    return this.deliveredSeq;
  }

  get position(): RoomPosition {
    return { seq: this.tail, epoch: this.line.current };
  }

  get epoch(): string {
    return this.line.current;
  }

  /** The room at its position, as one member sees it. */
  stateFor(userId: number, standing: 'member' | 'guest'): RoomState {
    return this.acts.stateFor(userId, standing);
  }

  /** Members that get every message at once; the others are behind. */
  get liveCount(): number {
    return this.live.size;
  }

  /** Nothing is under way, and nobody is behind: whoever is put out of the room now has all of it. */
  get isQuiet(): boolean {
    return (
      this.behind.size === 0 &&
      this.jobs === 0 &&
      this.pending.length === 0 &&
      !this.flushing &&
      !this.expectation.isPending
    );
  }

  /** Ends what it has under way for itself. It is known no more. */
  close(): void {
    this.closed = true;
    this.expectation.end();
    this.recent.clear();
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
    clearTimeout(member.retry);
  }

  promote(member: Membership): void {
    if (this.writing || member.live || member.lastSeq !== this.deliveredSeq || !this.behind.delete(member))
      return;
    member.live = true;
    this.live.add(member);
  }

  drained(connection: Connection): void {
    const member = this.members.get(connection);
    if (member) this.resume(member);
  }

  collapsed(): void {
    this.options.onResync('slow', 1);
  }

  resume(member: Membership): void {
    if (member.live) return;
    void catchUp(member, this.options.log, this.options.maxOutboundBytes).catch(() => {
      if (this.members.get(member.connection) !== member) return;
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
   * @returns Resolves when they are taken: kept here, in order and without a gap, on their way to the members; with too
   *   many bytes on their way, much of them this room's, when there are fewer. Rejects when a gap could not be
   *   read: try again.
   */
  async deliver(entries: readonly DispatchEntry[]): Promise<void> {
    const takenAt = (this.usedAt = performance.now());
    await this.enqueue(async () => {
      try {
        for (const entry of entries) await this.take(entry, takenAt);
      } finally {
        void this.flush();
      }
    });
    await this.options.taken.whenFree(() => this.takenBytes);
  }

  /** Makes sure that everything up to `position` is taken; reads it from the room log. */
  pullTo(position: RoomPosition): Promise<void> {
    const takenAt = (this.usedAt = performance.now());
    return this.enqueue(async () => {
      if (this.line.isEarlier(position, this.tail)) return;
      if (position.epoch !== this.epoch) await this.skip(position.seq, 'epoch', position.epoch);
      else if (position.seq > this.tail) await this.fill(position.seq, takenAt);
    });
  }

  /** A message was accepted for somebody here, so it should come. */
  expect(position: RoomPosition): void {
    this.expectation.expect(position);
  }

  /** Writes a frame to every member, outside the sequence of messages; see {@link Announcements}. */
  announce(kind: string, text: string): void {
    this.announcements.announce(kind, text);
  }

  private enqueue(job: () => Promise<void>): Promise<void> {
    this.jobs++;
    const done = this.inbox.then(job).finally(() => void this.jobs--);
    this.inbox = done.catch(() => undefined);
    return done;
  }

  /** @param takenAt - When it came here, milliseconds, monotonic; below likewise. */
  private async take(entry: DispatchEntry, takenAt: number): Promise<void> {
    if (entry.seq <= this.tail || this.line.isEarlier(entry, this.tail)) return;
    if (entry.epoch !== this.epoch) await this.skip(entry.seq - 1, 'epoch', entry.epoch);
    if (entry.seq > this.tail + 1) await this.fill(entry.seq - 1, takenAt);
    if (entry.seq === this.tail + 1) this.append(encodedMessage(entry), takenAt);
  }

  private append(message: EncodedMessage, takenAt: number): void {
    this.tail = message.seq;
    message.takenAt = takenAt;
    if (message.act) this.act(message.seq, message.act);
    this.pending.push(message);
    this.takenBytes += message.bytes;
    this.options.taken.add(message.bytes);
  }

  /** An act holds for what is not written yet, too. What was kept for others is read from the log, where its mark is. */
  private act(seq: number, { event, at }: NonNullable<EncodedMessage['act']>): void {
    const { mark, putOut } = this.acts.take(event, seq, at);
    if (mark) {
      this.recent.clear();
      this.pending = this.pending.map((message) => hiddenBy(message, mark));
      // Some have it already; whoever comes later does not get it.
      this.underWay = this.underWay.map((message) => hiddenBy(message, mark));
    }
    if (putOut) this.departures.add(seq, putOut);
  }

  /** Reads `tail + 1`..`to` from the log. What it no longer has becomes a resync for everybody. */
  private async fill(to: number, takenAt: number): Promise<void> {
    if (to - this.tail > MAX_REPLAY) return this.skip(to, 'gap');
    while (this.tail < to) {
      const { tail } = this;
      for (const entry of await this.options.log.range(this.roomId, tail + 1, to))
        if (entry.seq === this.tail + 1 && entry.epoch === this.epoch)
          this.append(encodedMessage(entry), takenAt);
      if (this.tail === tail) return this.skip(to, 'gap');
      void this.flush();
      await this.options.taken.whenFree(() => this.takenBytes);
    }
  }

  /**
   * Moves on to `to` and tells every member which range it has to read itself. Rejects, with nothing changed, when the facts
   * cannot be read: acts may be in the range, and what they made hold would not be known here until the room is opened again.
   *
   * @param epoch - One that begins there: not below `tail`, or it is an earlier one.
   */
  private async skip(to: number, reason: 'gap' | 'epoch', epoch = this.epoch): Promise<void> {
    const read = this.kind === 'direct' ? undefined : await this.options.readFacts(this.roomId);
    await this.flushed();
    const why = read ? this.acts.reset(read.facts) : [];
    this.line.moveOn(epoch);
    const { roomId } = this;
    if (read) this.departures.missed(this.acts, read.nowMs, why);
    const from = this.deliveredSeq + 1;
    const live = [...this.live].map(({ connection }) => connection);
    let told = live.length;
    this.tail = this.deliveredSeq = to;
    this.recent.clear();
    for (const member of [...this.behind]) {
      // Ahead of this instance: it has the whole range already.
      if (reason === 'epoch' || member.lastSeq < to) {
        sendResync(member.connection, { roomId, epoch, from: member.lastSeq + 1, to, reason });
        member.lastSeq = to;
        told++;
      }
      this.promote(member);
    }
    this.options.onResync(reason, told);
    // Nothing is flushed before they all have it: this is done in the order of deliveries.
    await this.announcements.writeTo(live, resyncFrame({ roomId, epoch, from, to, reason }));
  }

  /** Resolves when everything taken has been flushed. */
  private async flushed(): Promise<void> {
    do await this.flush();
    while (this.flushing);
  }

  private flush(): Promise<void> {
    return (this.flushing ??= this.flushAll().finally(() => {
      this.flushing = undefined;
      // Taken after the last look.
      if (this.pending.length > 0) void this.flush();
    }));
  }

  private async flushAll(): Promise<void> {
    const turn = new Turn();
    while (this.pending.length > 0) {
      const chunk = (this.underWay = takeWrite(this.pending));
      const chunkBytes = chunk.reduce((sum, { bytes }) => sum + bytes, 0);
      const encoded = new EncodedChunk(chunk);
      let written = 0;
      const begunAt = performance.now();
      this.writing = true;
      // Members may be deleted meanwhile; none are added.
      for (const member of this.live) {
        if (!this.write(member, encoded)) continue;
        written++;
        if (turn.isOver(chunkBytes)) await turn.next();
      }
      this.writing = false;
      this.deliveredSeq = chunk.at(-1)?.seq ?? this.deliveredSeq;
      if (!this.closed) this.recent.push(this.underWay);
      this.underWay = [];
      this.takenBytes -= chunkBytes;
      this.options.taken.release(chunkBytes);
      this.options.onDelivered({
        roomId: this.roomId,
        seq: this.deliveredSeq,
        messages: chunk.length,
        members: written,
        tookMs: performance.now() - (chunk[0]?.takenAt ?? Infinity),
      });
      this.departures.passed(this.deliveredSeq);
      for (const member of this.behind) {
        this.promote(member);
        const { lastSeq } = member;
        this.resume(member);
        if (turn.isOver(member.lastSeq > lastSeq ? MAX_WRITE_BYTES : 0)) await turn.next();
      }
      const waiting = { messages: this.pending.length, bytes: this.takenBytes };
      const gatherMs = this.options.gatherMs(performance.now() - begunAt, waiting);
      if (gatherMs > 0) await sleep(gatherMs);
    }
  }

  /** @returns Whether the member had room for it; otherwise it is behind now. */
  private write(member: Membership, chunk: EncodedChunk): boolean {
    const { connection } = member;
    if (connection.bufferedBytes > this.options.maxOutboundBytes) {
      this.live.delete(member);
      member.live = false;
      member.lastSeq = this.deliveredSeq;
      this.behind.add(member);
      this.options.onSlow();
      return false;
    }
    connection.write(chunk.for(connection));
    return true;
  }
}
