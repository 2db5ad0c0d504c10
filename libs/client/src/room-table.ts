import type { AckFrame, JoinedFrame, Message, ResyncFrame } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import { RoomLine, type RoomLinePorts } from './room-line.js';

/** Conversations followed without a join; the ones that were silent longest are forgotten. Chosen by judgement. */
const MAX_CONVERSATIONS = 100;

/** Refusals by which a room's history says that one may not be in the room. */
const shutOut: ReadonlySet<string> = new Set(['BANNED', 'ROOM_NOT_FOUND']);

/** A room this client wants to be in. */
export interface WantedRoom {
  readonly roomId: number;
  readonly line: RoomLine;
  /** In the room on the present connection. */
  joined: JoinedFrame | undefined;
  readonly waiters: Array<{ resolve(frame: JoinedFrame): void; reject(error: ClientError): void }>;
  /** If not, only those who wait for the join are told that it was refused. */
  everJoined: boolean;
  failures: number;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Of its first join; 0 before. Answers to earlier joins are of a stay that has been left. */
  firstRef: number;
}

/** What the table needs and whom it tells. */
export interface RoomTablePorts {
  online(): boolean;
  /** Sends a join that goes on at this position; `failed` unless the answer is a `joined`. @returns Its `ref`. */
  sendJoin(room: WantedRoom, failed: (error: ClientError) => void): number;
  linePorts(roomId: number): RoomLinePorts;
  /** The server will not have this client in the room (again). */
  lost(room: WantedRoom, error: ClientError): void;
  readonly backoff: Backoff;
}

/** Which rooms to be in, and the lines of messages of those and of direct conversations. */
export class RoomTable {
  readonly #ports: RoomTablePorts;
  readonly #wanted = new Map<number, WantedRoom>();
  /** In the order of their last message, oldest first. */
  readonly #conversations = new Map<number, RoomLine>();
  /** Rooms not wanted any more that this connection may still be told of. */
  readonly #left = new Set<number>();

  constructor(ports: RoomTablePorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#wanted.size + this.#conversations.size;
  }

  get(roomId: number): WantedRoom | undefined {
    return this.#wanted.get(roomId);
  }

  line(roomId: number): RoomLine | undefined {
    return this.#wanted.get(roomId)?.line ?? this.#conversations.get(roomId);
  }

  /** Rooms are joined again on every connection until `remove`. */
  join(
    roomId: number,
    from: { readonly seq: number; readonly epoch?: string } | undefined,
  ): Promise<JoinedFrame> {
    let room = this.#wanted.get(roomId);
    if (room?.joined) return Promise.resolve(room.joined);
    if (!room) {
      const known = this.#conversations.get(roomId);
      this.#conversations.delete(roomId);
      known?.stop();
      const line = new RoomLine(this.#ports.linePorts(roomId), from ?? known?.position);
      room = {
        roomId,
        line,
        joined: undefined,
        waiters: [],
        everJoined: false,
        failures: 0,
        retryTimer: undefined,
        firstRef: 0,
      };
      this.#wanted.set(roomId, room);
      this.#send(room);
    }
    const { waiters } = room;
    const joined = new Promise<JoinedFrame>((resolve, reject) => waiters.push({ resolve, reject }));
    // Somebody who only listens to events must not be ended by an unhandled rejection.
    joined.catch(() => {});
    return joined;
  }

  /** @returns The room, now stopped; undefined when it was not wanted. */
  remove(roomId: number, error: ClientError): WantedRoom | undefined {
    const room = this.#wanted.get(roomId);
    if (!room) return undefined;
    this.#wanted.delete(roomId);
    this.#left.add(roomId);
    clearTimeout(room.retryTimer);
    room.line.stop();
    for (const waiter of room.waiters.splice(0)) waiter.reject(error);
    return room;
  }

  /** @returns The room that is joined now; undefined when it is not wanted, or this was for an earlier stay. */
  joined(frame: JoinedFrame): WantedRoom | undefined {
    const room = this.#wanted.get(frame.roomId);
    if (!room || (typeof frame.ref === 'number' && frame.ref < room.firstRef)) return undefined;
    clearTimeout(room.retryTimer);
    room.joined = frame;
    room.everJoined = true;
    room.failures = 0;
    room.line.joined(frame);
    return room;
  }

  /** Joins once more, from where the line is: the answer says how the room stands. */
  refresh(roomId: number): void {
    const room = this.#wanted.get(roomId);
    if (room?.joined) this.#send(room);
  }

  /** The server says that it does not have this client in the room: join again. */
  rejoin(room: WantedRoom): void {
    if (!room.joined) return;
    room.joined = undefined;
    room.line.offline();
    this.#send(room);
  }

  /**
   * A page of its history was refused for good. Whether this client may still be in the room is for another join to say: whoever
   * is let in goes on where he was, so that a ban between two pages skips nothing.
   *
   * @returns Whether it is joined again; not when the refusal says nothing about that, nor a conversation, which has no join.
   */
  refused(roomId: number, error: ClientError): boolean {
    const room = this.#wanted.get(roomId);
    if (!room || !shutOut.has(error.code)) return false;
    // Otherwise a join is under way, or a later connection's.
    if (room.joined) {
      room.joined = undefined;
      this.#sendLater(room, undefined);
    }
    room.line.offline();
    return true;
  }

  /** A direct message: a conversation seen for the first time begins with it. */
  receiveDirect(message: Message): void {
    const line = this.#follow(message.roomId);
    if (!this.#wanted.has(message.roomId)) line.begin({ seq: message.seq - 1, epoch: message.epoch });
    line.receive(message);
  }

  /**
   * A range was skipped on this connection. What it is of and is neither wanted nor left is a conversation: one of which
   * nothing was shown begins with the range.
   *
   * @returns The line that has to read it; undefined when nobody wants it.
   */
  resyncing({ roomId, from, epoch, reason }: ResyncFrame): RoomLine | undefined {
    const wanted = this.#wanted.get(roomId);
    if (wanted) return wanted.line;
    if (this.#left.has(roomId) && !this.#conversations.has(roomId)) return undefined;
    const line = this.#follow(roomId);
    // Where the epoch changed, what came before the range is of one that the frame does not name.
    line.begin({ seq: from - 1, epoch: reason === 'epoch' ? '' : epoch });
    return line;
  }

  /**
   * A direct message of this client was accepted: from here on the conversation is followed. Where it begins
   * is said by the first message that arrives, for earlier ones may still be on their way; only if the
   * connection is lost before, by this ack.
   */
  followSent(ack: AckFrame): void {
    this.#follow(ack.roomId).beginAtLatest({ seq: ack.seq - 1, epoch: ack.epoch });
  }

  online(): void {
    for (const room of this.#wanted.values()) this.#send(room);
  }

  /** Conversations have no join to resume them: each is asked for what is new. */
  probeConversations(): void {
    for (const line of this.#conversations.values()) line.probe();
  }

  offline(): void {
    this.#left.clear();
    for (const room of this.#wanted.values()) {
      clearTimeout(room.retryTimer);
      room.joined = undefined;
      room.line.offline();
    }
    for (const line of this.#conversations.values()) line.offline();
  }

  end(error: ClientError): void {
    for (const roomId of [...this.#wanted.keys()]) this.remove(roomId, error);
    for (const line of this.#conversations.values()) line.stop();
    this.#conversations.clear();
  }

  #follow(roomId: number): RoomLine {
    const line = this.line(roomId) ?? new RoomLine(this.#ports.linePorts(roomId));
    if (this.#wanted.has(roomId)) return line;
    this.#conversations.delete(roomId);
    this.#conversations.set(roomId, line);
    for (const [oldestId, oldest] of this.#conversations) {
      if (this.#conversations.size <= MAX_CONVERSATIONS) break;
      oldest.stop();
      this.#conversations.delete(oldestId);
    }
    return line;
  }

  #send(room: WantedRoom): void {
    if (!this.#ports.online()) return;
    const ref = this.#ports.sendJoin(room, (error) => {
      if (this.#wanted.get(room.roomId) !== room || room.joined) return;
      // The next connection joins again by itself.
      if (error.code === 'DISCONNECTED') return;
      if (error.retryable) {
        this.#sendLater(room, error.retryAfterMs);
        return;
      }
      this.remove(room.roomId, error);
      this.#ports.lost(room, error);
    });
    room.firstRef ||= ref;
  }

  #sendLater(room: WantedRoom, retryAfterMs: number | undefined): void {
    const delayMs = this.#ports.backoff(room.failures++, retryAfterMs);
    clearTimeout(room.retryTimer);
    room.retryTimer = setTimeout(() => this.#send(room), delayMs);
  }
}
