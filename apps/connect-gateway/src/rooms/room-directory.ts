import { Inject, Injectable } from '@nestjs/common';
import { AppError, Op, type RoomFacts } from '@parley/protocol';
import { PresenceStore, RoomStore, type Member, type RoomPosition } from '@parley/redis';
import { standingOf, type DispatchEntry, type Identity } from '@parley/contracts';
import type { Connection } from '../connections/connection.js';
import { ConnectionIndex } from '../connections/connection-index.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics, type RoomCensus } from '../gateway-metrics.js';
import { Admissions } from './admissions.js';
import { barredMeanwhile } from './barred-meanwhile.js';
import { ByteBudget } from './byte-budget.js';
import { sendResync } from './catch-up.js';
import { DeliveryTraces } from './delivery-traces.js';
import type { LocalRoomOptions } from './local-room-options.js';
import { gatherMs } from './gathering.js';
import { LocalRoom } from './local-room.js';
import { LogReader } from './log-reader.js';
import type { Membership } from './membership.js';
import { openConversation } from './opened-conversations.js';
import { RecentBudget } from './recent-messages.js';
import { RoomPresence } from './room-presence.js';

/** Bytes of messages taken and not yet flushed, over all rooms; above, the worker's call waits for its answer. */
export const MAX_TAKEN_BYTES = 16 * 1024 * 1024;
/** Conversations known here at the most; of more, those without traffic for longest are let go. */
export const MAX_CONVERSATIONS = 10_000;
/** Conversations looked at for one that is let go. */
const LOOK_AT = 8;

export interface DirectoryEntry {
  /** Undefined while the room is being opened. A conversation has nobody's presence. */
  room: LocalRoom | undefined;
  readonly kind: 'room' | 'direct';
  readonly presence: RoomPresence;
  /** Checks in a row at which the presence was on the move. */
  unsettledChecks: number;
  /** The last time that it was asked for the room's position. */
  opening: Promise<LocalRoom> | undefined;
  /** Joins under way: a room that nobody is in yet is not forgotten. */
  joining: number;
}

/** The rooms that have members on this instance. */
@Injectable()
export class RoomDirectory {
  private readonly entries = new Map<number, DirectoryEntry>();
  /** Conversations known here, in the order of their last message. */
  private readonly conversations = new Set<number>();
  private readonly nobody: RoomPresence;
  private readonly traces = new DeliveryTraces();
  private readonly roomOptions: LocalRoomOptions;
  private readonly listeners: ((roomId: number) => void)[] = [];

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(GatewayMetrics) private readonly metrics: GatewayMetrics,
    @Inject(Admissions) private readonly admissions: Pick<Admissions, 'ensureHead'>,
  ) {
    this.nobody = new RoomPresence(0, config.instanceId, presence);
    this.roomOptions = {
      log: new LogReader(store),
      maxOutboundBytes: config.maxOutboundBytes,
      taken: new ByteBudget(MAX_TAKEN_BYTES),
      recent: new RecentBudget(),
      gatherMs,
      onDelivered: ({ roomId, seq, messages, members, tookMs }) => {
        metrics.delivered(messages, members, tookMs);
        this.traces.delivered(roomId, seq, members);
      },
      onResync: (reason, members) => metrics.resynced(reason, members),
      onSlow: () => metrics.fellBehind(),
      readFacts: async (roomId) => {
        const [facts, nowMs] = await Promise.all([store.facts(roomId), store.nowMs()]);
        return { facts, nowMs };
      },
      onPutOut: (roomId, connection, { whom: _, ...why }) => {
        this.leave(connection, roomId);
        connection.send(JSON.stringify({ op: Op.leave, roomId, ...why }));
      },
    };
    metrics.watchRooms(() => this.census());
  }

  get(roomId: number): LocalRoom | undefined {
    return this.entries.get(roomId)?.room;
  }

  /** Rooms with their presence; for the position check. */
  all(): ReadonlyMap<number, DirectoryEntry> {
    return this.entries;
  }

  private census(): RoomCensus {
    let [conversations, members, live] = [0, 0, 0];
    for (const { kind, room } of this.entries.values()) {
      if (kind === 'direct') conversations++;
      members += room?.members.size ?? 0;
      live += room?.liveCount ?? 0;
    }
    return { rooms: this.entries.size - conversations, conversations, live, behind: members - live };
  }

  /** Calls `listener` when users have come to or gone from a room here, or who is in it has been put right. */
  onMembersChanged(listener: (roomId: number) => void): void {
    this.listeners.push(listener);
  }

  /** Who is in a room is not what it was: whoever listens is told. */
  changed(roomId: number): void {
    for (const listener of this.listeners) listener(roomId);
  }

  /**
   * Puts a connection into a room. The order is what makes it lossless: register this instance, then read the position,
   * then go live from there: what is appended before the registration is in the log, what comes after is sent here.
   *
   * @param from - The last seq the client has; undefined to start at the room's position.
   * @throws {AppError} `UNAVAILABLE` when Redis cannot be asked.
   */
  async join(
    connection: Connection,
    roomId: number,
    kind: 'room' | 'direct',
    from?: { lastSeq: number; epoch: string },
  ): Promise<{ member: Membership; resumed: boolean }> {
    const identity = connection.identity;
    if (!identity) throw new AppError('UNAUTHENTICATED');
    const entry = this.entryOf(roomId, kind);
    entry.joining++;
    try {
      return await this.enter(connection, identity, roomId, entry, from);
    } finally {
      entry.joining--;
      this.drop(roomId);
    }
  }

  private async enter(
    connection: Connection,
    identity: Identity,
    roomId: number,
    entry: DirectoryEntry,
    from?: { lastSeq: number; epoch: string },
  ): Promise<{ member: Membership; resumed: boolean }> {
    const { kind } = entry;
    const joined = connection.memberships.has(roomId);
    let arrived = false;
    if (!joined && kind === 'room') arrived = entry.presence.enter(memberOf(identity));
    let room: LocalRoom;
    try {
      room = await (entry.room && !arrived ? entry.room : this.open(roomId, entry, identity));
    } catch (cause) {
      // It may have been told of this one all the same.
      if (!joined) this.exit(connection, roomId, entry);
      throw new AppError('UNAVAILABLE', { cause });
    }
    const reached = from !== undefined && (await this.hasReached(room, from));
    const banned = await barredMeanwhile(room, identity, { store: this.store, admissions: this.admissions });
    // From here on nothing waits: a connection that closes later is in the room and leaves it.
    if (!connection.isOpen) {
      // One that had joined before has left when it closed, or will.
      if (!joined) this.exit(connection, roomId, entry);
      throw new AppError('UNAVAILABLE');
    }
    if (banned) {
      if (!joined) this.exit(connection, roomId, entry);
      throw banned;
    }
    // Put out meanwhile, and counted among the members no more: he may ask anew.
    if (joined && !connection.memberships.has(roomId)) throw new AppError('UNAVAILABLE');
    const resumed = reached && from.epoch === room.epoch;
    // It had joined before; or a direct message has opened the conversation for it meanwhile.
    room.remove(connection);
    const member = room.add(connection, resumed ? from.lastSeq : room.delivered);
    if (arrived) this.changed(roomId);
    return { member, resumed };
  }

  /** Whether the room has come as far as a client claims to be: another gateway may be ahead of this one, nobody of Redis. */
  private async hasReached(room: LocalRoom, from: { lastSeq: number; epoch: string }): Promise<boolean> {
    if (from.epoch !== room.epoch) return false;
    if (from.lastSeq <= room.position.seq) return true;
    const head = await this.store.head(room.roomId).catch(() => undefined);
    return head !== undefined && head.epoch === from.epoch && from.lastSeq <= head.seq;
  }

  /** Takes a connection out of a room; does nothing when it is not in it. */
  leave(connection: Connection, roomId: number): void {
    const entry = this.entries.get(roomId);
    if (!entry?.room?.members.has(connection)) return;
    entry.room.remove(connection);
    this.exit(connection, roomId, entry);
  }

  /**
   * Hands messages of one room to its members here; a direct message also to connections that have not joined.
   *
   * @returns Resolves when they are taken, see {@link LocalRoom.deliver}.
   */
  async deliver(roomId: number, entries: readonly DispatchEntry[]): Promise<void> {
    const first = entries[0];
    if (first?.recipients)
      this.includeRecipients(roomId, first, entries.at(-1)?.seq ?? first.seq, first.recipients);
    this.touch(roomId);
    for (const { seq, traceparent } of entries)
      if (traceparent !== undefined) this.expectTraced(roomId, seq, traceparent);
    const room = await this.whenOpen(roomId);
    await room?.deliver(entries);
  }

  /** A message that is traced is about to be delivered here, unless the room has had it. */
  expectTraced(roomId: number, seq: number, traceparent: string): void {
    const room = this.get(roomId);
    if (room && seq > room.delivered) this.traces.begin(roomId, seq, traceparent);
  }

  /**
   * Like {@link deliver} for messages that were heard of and will be handed over as well. Those of a conversation that is
   * not open here are left to that: it opens with the first message there is, and one that was heard of may not be it.
   */
  async hear(roomId: number, entries: readonly DispatchEntry[]): Promise<void> {
    if (entries[0]?.recipients && !this.get(roomId)) return;
    await this.deliver(roomId, entries);
  }

  /** Like {@link deliver} for messages that are to be read from the log. */
  async pullTo(roomId: number, position: RoomPosition, recipients?: readonly number[]): Promise<void> {
    if (recipients) this.includeRecipients(roomId, position, position.seq, recipients);
    this.touch(roomId);
    const room = await this.whenOpen(roomId);
    await room?.pullTo(position);
  }

  /** What comes while a room is being opened may be newer than the position that it opens with. */
  private async whenOpen(roomId: number): Promise<LocalRoom | undefined> {
    const entry = this.entries.get(roomId);
    return entry?.room ?? (await entry?.opening?.catch(() => undefined));
  }

  /** Of the conversations, this one has had a message last, if it is one. */
  private touch(roomId: number): void {
    if (this.conversations.delete(roomId)) this.conversations.add(roomId);
  }

  /** Forgets a room nobody here is in, once Redis knows that. */
  drop(roomId: number): void {
    const entry = this.entries.get(roomId);
    if (!entry || (entry.room?.members.size ?? 0) > 0 || entry.joining > 0 || !entry.presence.isOver) return;
    entry.room?.close();
    this.entries.delete(roomId);
    this.conversations.delete(roomId);
  }

  /** Lets a conversation go; its next message opens it again. One that somebody has open, or lacks messages of, stays. */
  forget(roomId: number): void {
    const entry = this.entries.get(roomId);
    if (entry?.kind !== 'direct' || !entry.room?.isQuiet) return;
    for (const connection of [...entry.room.members.keys()])
      if (connection.currentRoomId !== roomId) entry.room.remove(connection);
    this.drop(roomId);
  }

  /** @param to - The last message there is for them; the first is at `at`. */
  private includeRecipients(
    roomId: number,
    at: RoomPosition,
    to: number,
    recipients: readonly number[],
  ): void {
    const connections = new Set(recipients.flatMap((userId) => [...this.connections.ofUser(userId)]));
    if (connections.size === 0) return;
    const entry = this.entryOf(roomId, 'direct');
    // Nobody here had the conversation open: live delivery starts with this message.
    const room = (entry.room ??= this.createRoom(roomId, 'direct', { seq: at.seq - 1, epoch: at.epoch }));
    for (const connection of connections) {
      const isOpen = openConversation(
        connection,
        room,
        (other) => this.get(other),
        (other) => this.leave(connection, other),
      );
      if (isOpen) continue;
      sendResync(connection, { roomId, epoch: at.epoch, from: at.seq, to, reason: 'slow' });
      this.metrics.resynced('slow', 1);
    }
    this.drop(roomId);
  }

  private open(roomId: number, entry: DirectoryEntry, { userId }: Identity): Promise<LocalRoom> {
    const opening = this.report(roomId, entry).then(async (told) => {
      const position = told ?? (await this.newPosition(roomId, userId));
      // Behind the position: acts up to there are in the facts, and later ones come, and may be in them as well.
      const facts = entry.kind === 'direct' || entry.room ? undefined : await this.store.facts(roomId);
      return (entry.room ??= this.createRoom(roomId, entry.kind, position, facts));
    });
    entry.opening = opening;
    return opening;
  }

  /** Of a room that has been unused for long, or that Redis has lost. */
  private async newPosition(roomId: number, userId: number): Promise<RoomPosition> {
    await this.admissions.ensureHead(userId, roomId);
    const head = await this.store.head(roomId);
    if (!head) throw new Error('the room has no head');
    return head;
  }

  private async report(roomId: number, entry: DirectoryEntry): Promise<RoomPosition | undefined> {
    return entry.kind === 'direct' ? this.store.head(roomId) : (await entry.presence.report()).position;
  }

  private exit(connection: Connection, roomId: number, entry: DirectoryEntry): void {
    const userId = connection.identity?.userId;
    if (entry.kind === 'room' && userId !== undefined && entry.presence.exit(userId)) {
      void entry.presence.report().then(
        () => {
          this.changed(roomId);
          this.drop(roomId);
        },
        // Redis is away: the room stays known, so that the position check repeats it.
        () => undefined,
      );
    } else {
      this.drop(roomId);
    }
  }

  private entryOf(roomId: number, kind: 'room' | 'direct'): DirectoryEntry {
    let entry = this.entries.get(roomId);
    if (!entry) {
      entry = {
        room: undefined,
        kind,
        presence:
          kind === 'direct' ? this.nobody : new RoomPresence(roomId, this.config.instanceId, this.presence),
        unsettledChecks: 0,
        opening: undefined,
        joining: 0,
      };
      this.entries.set(roomId, entry);
      if (kind === 'direct') this.addConversation(roomId);
    }
    return entry;
  }

  private addConversation(roomId: number): void {
    this.conversations.add(roomId);
    if (this.conversations.size <= MAX_CONVERSATIONS) return;
    const oldest = [...first(this.conversations, LOOK_AT)];
    for (const other of oldest) {
      this.forget(other);
      if (this.conversations.size <= MAX_CONVERSATIONS) return;
      // If it stays, whoever comes next looks at others.
      this.touch(other);
    }
  }

  private createRoom(
    roomId: number,
    kind: 'room' | 'direct',
    position: RoomPosition,
    facts?: RoomFacts,
  ): LocalRoom {
    return new LocalRoom(roomId, kind, position, this.roomOptions, facts);
  }
}

function* first<T>(items: Iterable<T>, count: number): Iterable<T> {
  for (const item of items) {
    if (count-- <= 0) return;
    yield item;
  }
}

/** As lists of members show somebody. */
const memberOf = ({ userId, userName, role }: Identity): Member => ({
  ...{ userId, userName },
  ...(standingOf({ role }) === 'guest' && { guest: true }),
});
