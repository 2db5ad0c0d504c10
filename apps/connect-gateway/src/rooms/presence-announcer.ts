import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { presenceEventSchema, type PresenceEvent } from '@parley/contracts';
import { limits, Op } from '@parley/protocol';
import { EventBus, PresenceStore, type Member } from '@parley/redis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionIndex } from '../connections/connection-index.js';
import { encodedFrame, type EncodedMessage } from '../connections/encoded-message.js';
import type { LocalRoom } from './local-room.js';
import { RecentSum } from './recent-sum.js';
import { RoomDirectory } from './room-directory.js';
import { Throttle } from './throttle.js';

/** Changes of one room are announced at most this often, milliseconds. */
const CHANGE_INTERVAL_MS = 1_000;
/** So many members are told in that time, of a room or of all of them here: with more it is longer, as many times as there are more. */
export const TOLD_PER_INTERVAL = 1_000;
/** But not longer than this, milliseconds: with a lease's 6 seconds, members see within 10 that a gateway is gone. */
const MAX_CHANGE_INTERVAL_MS = 3_000;
/** Announcements asked for by somebody, of one room and kind, milliseconds. */
const FORCED_INTERVAL_MS = 200;
/** What is known of a room answers for this long, milliseconds. */
export const ANSWER_FOR_MS = 1_000;
/** Up to this many members everybody is told who they are; beyond, how many, and who asks is answered alone. */
export const MAX_ANNOUNCED_LIST = 200;
/** Room for the largest frame, with a margin for the numbers around the list. */
const MAX_INFO_CHARS = Math.floor((limits.maxFrameBytes - 512) / 4);

type What = 'count' | 'info';

/** What a room was when it was last read. */
interface Known {
  readonly count: number;
  readonly frame: EncodedMessage;
}

/** A read of a room, made or under way. */
interface Reading {
  readonly known: Promise<Known>;
  readonly startedAt: number;
}

/**
 * Tells the members of a room here how many and who they are, when that changes anywhere or somebody asks. A change that
 * Redis does not take or tell is tried again until it does, and what was missed while nothing was heard is made up for:
 * else they would see a wrong number until the next change, which may never come.
 */
@Injectable()
export class PresenceAnnouncer implements OnModuleInit, OnApplicationShutdown {
  private readonly throttles: Record<What | 'change', Throttle>;
  private readonly hints: Throttle;
  private readonly asked: Record<What, Throttle>;
  /** Members told of changes. */
  private readonly told = new RecentSum(CHANGE_INTERVAL_MS, MAX_CHANGE_INTERVAL_MS / CHANGE_INTERVAL_MS);
  /** They end with the room. */
  private readonly readings: Record<What, WeakMap<LocalRoom, Reading>> = {
    count: new WeakMap(),
    info: new WeakMap(),
  };
  private isOver = false;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'maxOutboundBytes'>,
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(EventBus) private readonly events: EventBus,
  ) {
    const announce = (kind: What | 'change') => (roomId: number) =>
      void this.announce(roomId, kind).catch(() => {
        // Whoever asked may ask again.
        if (kind === 'change') this.again(this.throttles.change, roomId);
      });
    this.throttles = {
      change: new Throttle((roomId) => this.changeIntervalMs(roomId), announce('change')),
      count: new Throttle(FORCED_INTERVAL_MS, announce('count')),
      info: new Throttle(FORCED_INTERVAL_MS, announce('info')),
    };
    const publish = (force?: What) => (roomId: number) =>
      void this.events
        .publish('presence', { roomId, ...(force && { force }) } satisfies PresenceEvent)
        .catch(() => {
          if (!force) this.again(this.hints, roomId);
        });
    this.hints = new Throttle(CHANGE_INTERVAL_MS, publish());
    this.asked = {
      count: new Throttle(FORCED_INTERVAL_MS, publish('count')),
      info: new Throttle(FORCED_INTERVAL_MS, publish('info')),
    };
  }

  async onModuleInit(): Promise<void> {
    this.rooms.onMembersChanged((roomId) => this.hints.call(roomId));
    await this.events.subscribe(
      'presence',
      presenceEventSchema,
      (event) => this.onEvent(event),
      () => this.announceAll(),
    );
  }

  onApplicationShutdown(): void {
    this.isOver = true;
  }

  /**
   * Answers a member who asks: up to {@link MAX_ANNOUNCED_LIST} members everybody is told, on every gateway; of more, the
   * asker alone, from what is known here. A full socket does without.
   *
   * @throws {Error} when Redis has to be asked and cannot be.
   */
  async ask(connection: Connection, room: LocalRoom, what: What): Promise<void> {
    const { count } = await this.knowledgeOf(room, 'count');
    if (count <= MAX_ANNOUNCED_LIST) this.asked[what].call(room.roomId);
    else this.answer(connection, await this.knowledgeOf(room, what));
  }

  /**
   * Otherwise a crowd that comes in is told of itself again and again, in as many writes as it has members: of one room or of a
   * thousand, when the lesson begins. Asked once for each time that they are told.
   */
  private changeIntervalMs(roomId: number): number {
    this.told.add(this.rooms.get(roomId)?.members.size ?? 0);
    const intervals = Math.max(1, this.told.value / TOLD_PER_INTERVAL);
    return Math.min(MAX_CHANGE_INTERVAL_MS, CHANGE_INTERVAL_MS * intervals);
  }

  private again(throttle: Throttle, roomId: number): void {
    if (!this.isOver) throttle.call(roomId);
  }

  /** Events may have been missed. */
  private announceAll(): void {
    for (const [roomId, { kind }] of this.rooms.all())
      if (kind === 'room') this.throttles.change.call(roomId);
  }

  private onEvent({ roomId, force, userId }: PresenceEvent): void {
    const room = this.rooms.get(roomId);
    if (!room) return;
    if (force === undefined || userId === undefined) return this.throttles[force ?? 'change'].call(roomId);
    // Asked over HTTP: the answer comes to this user's connections in the room.
    const asking = [...this.connections.ofUser(userId)].filter((connection) => room.members.has(connection));
    const answerAll = async () => {
      const { count } = await this.knowledgeOf(room, 'count');
      if (count <= MAX_ANNOUNCED_LIST) return this.throttles[force].call(roomId);
      const known = await this.knowledgeOf(room, force);
      for (const connection of asking) this.answer(connection, known);
    };
    void answerAll().catch(() => undefined);
  }

  private answer(connection: Connection, { frame }: Known): void {
    if (connection.isOpen && connection.bufferedBytes <= this.config.maxOutboundBytes)
      connection.write(connection.encode(frame));
  }

  private async announce(roomId: number, kind: What | 'change'): Promise<void> {
    const room = this.rooms.get(roomId);
    if (!room) return;
    const limit = kind === 'count' ? 0 : MAX_ANNOUNCED_LIST;
    const { count, members } = await this.presence.list(roomId, limit, MAX_ANNOUNCED_LIST);
    const isLarge = count > MAX_ANNOUNCED_LIST;
    // Whoever asks about a large room has been answered alone.
    if (isLarge && kind !== 'change') return;
    const text = isLarge || kind === 'count' ? countFrame(roomId, count) : infoFrame(roomId, count, members);
    room.announce(kind, text);
  }

  /** Read once for all who ask within {@link ANSWER_FOR_MS}. */
  private knowledgeOf(room: LocalRoom, what: What): Promise<Known> {
    const readings = this.readings[what];
    const startedAt = performance.now();
    const last = readings.get(room);
    if (last && startedAt - last.startedAt < ANSWER_FOR_MS) return last.known;
    const known = this.read(room.roomId, what);
    const reading = { known, startedAt };
    readings.set(room, reading);
    known.catch(() => {
      if (readings.get(room) === reading) readings.delete(room);
    });
    return known;
  }

  private async read(roomId: number, what: What): Promise<Known> {
    const { count, members } = await this.presence.list(
      roomId,
      what === 'count' ? 0 : limits.maxListedMembers,
    );
    const text = what === 'count' ? countFrame(roomId, count) : infoFrame(roomId, count, members);
    return { count, frame: encodedFrame(text) };
  }
}

function countFrame(roomId: number, count: number): string {
  return JSON.stringify({ op: Op.count, roomId, count });
}

/** Fewer members than there are, where a frame would not hold them. */
function infoFrame(roomId: number, count: number, members: readonly Member[]): string {
  const roomUserInfo: Record<string, string> = {};
  const guests: number[] = [];
  let chars = 0;
  for (const { userId, userName, guest } of members) {
    chars += (guest ? 2 : 1) * String(userId).length + userName.length + 9;
    if (chars > MAX_INFO_CHARS) break;
    roomUserInfo[userId] = userName;
    if (guest) guests.push(userId);
  }
  return JSON.stringify({ op: Op.info, roomId, count, roomUserInfo, ...(guests.length > 0 && { guests }) });
}
