import {
  mayReconnect,
  Op,
  type AckFrame,
  type ErrorFrame,
  type JoinedFrame,
  type LeftFrame,
  type ServerFrame,
} from '@parley/protocol';
import { ClientError } from './client-error.js';
import type { EventHub } from './event-hub.js';
import type { FrameSender } from './frame-sender.js';
import { localError } from './local-refusal.js';
import type { Outbox } from './outbox.js';
import { parseServerFrame } from './parse-server-frame.js';
import type { RequestTable } from './request-table.js';
import type { RoomStates } from './room-states.js';
import type { RoomTable } from './room-table.js';
import type { Waits } from './waits.js';

type PutOutReason = NonNullable<LeftFrame['reason']>;
const putOutCodes: Readonly<Record<PutOutReason, string>> = {
  kicked: 'KICKED',
  banned: 'BANNED',
  lobby: 'WAITING',
};

/** Whom frames are for. */
export interface FrameRouterParts {
  readonly events: EventHub;
  readonly frames: FrameSender;
  readonly replies: RequestTable;
  readonly rooms: RoomTable;
  readonly outbox: Outbox;
  readonly states: RoomStates;
  readonly waits: Waits;
  /** The server leaves, and asks to be followed no sooner than this. */
  goaway(reconnectAfterMs: number): void;
}

/** Brings each frame of the server to the part that waits for it, and tells the application. */
export class FrameRouter {
  readonly #events: EventHub;
  readonly #frames: FrameSender;
  readonly #replies: RequestTable;
  readonly #rooms: RoomTable;
  readonly #outbox: Outbox;
  readonly #states: RoomStates;
  readonly #waits: Waits;
  readonly #goaway: (reconnectAfterMs: number) => void;

  constructor({ events, frames, replies, rooms, outbox, states, waits, goaway }: FrameRouterParts) {
    this.#events = events;
    this.#frames = frames;
    this.#replies = replies;
    this.#rooms = rooms;
    this.#outbox = outbox;
    this.#states = states;
    this.#waits = waits;
    this.#goaway = goaway;
  }

  /** Takes one frame's text. Never throws; what cannot be read is an `error` event. */
  receive(text: string): void {
    const parsed = parseServerFrame(text);
    if (parsed.kind === 'frame') this.#dispatch(parsed.frame);
    else if (parsed.kind === 'bad')
      this.#events.emit('error', localError('BAD_FRAME', parsed.problem, false));
  }

  #dispatch(frame: ServerFrame): void {
    switch (frame.op) {
      case Op.event:
      case Op.room:
        return this.#rooms.get(frame.roomId)?.line.receive(frame);
      case Op.direct:
        return this.#rooms.receiveDirect(frame);
      case Op.ack:
        return this.#acked(frame);
      case Op.error:
        return this.#refused(frame);
      case Op.joined:
        return this.#joined(frame);
      case Op.resync: {
        const { roomId, from, to, reason } = frame;
        const line = this.#rooms.resyncing(frame);
        if (!line) return;
        this.#events.emit('resync', { roomId, from, to, reason });
        return line.resync(frame);
      }
      case Op.leave:
        if (frame.reason !== undefined) return this.#putOut(frame, frame.reason);
        this.#frames.authenticated();
        this.#replies.answer(frame.ref, frame);
        return;
      case Op.history:
        this.#frames.authenticated();
        this.#replies.answer(frame.ref, frame);
        return;
      case Op.goaway:
        this.#goaway(frame.reconnectAfterMs);
        return this.#events.emit('goaway', frame);
      case Op.read:
        this.#frames.authenticated();
        this.#replies.answer(frame.ref, frame);
        return this.#events.emit('read', frame);
      case Op.watch:
        this.#frames.authenticated();
        this.#replies.answer(frame.ref, frame);
        return this.#events.emit('watching', frame);
      case Op.wait:
        this.#frames.authenticated();
        if (!this.#replies.answer(frame.ref, frame)) this.#waits.heard(frame);
        return;
      case Op.lobby:
        return this.#events.emit('lobby', { roomId: frame.roomId, waiting: frame.waiting });
      case Op.rooms:
        return this.#events.emit('rooms', frame);
      case Op.count:
        return this.#events.emit('count', frame);
      case Op.info:
        return this.#events.emit('info', frame);
      case Op.ping:
        return this.#frames.send({ op: Op.pong });
      case Op.pong:
        return;
    }
  }

  #joined(frame: JoinedFrame): void {
    this.#frames.authenticated();
    this.#replies.answer(frame.ref, frame);
    const room = this.#rooms.joined(frame);
    if (!room) return;
    this.#events.emit('joined', frame);
    const state = this.#states.joined(frame);
    if (state) this.#events.emit('roomState', { roomId: frame.roomId, state });
    for (const waiter of room.waiters.splice(0)) waiter.resolve(frame);
    this.#outbox.pumpAll();
  }

  #putOut({ roomId, note, until }: LeftFrame, reason: PutOutReason): void {
    const room = this.#rooms.remove(roomId, new ClientError(putOutCodes[reason], false));
    this.#states.forget(roomId);
    if (!room) return;
    this.#events.emit('putOut', {
      roomId,
      reason,
      ...(note !== undefined && { note }),
      ...(until !== undefined && { until }),
    });
    if (reason === 'lobby') this.#waits.start(roomId);
    // What waits for the room is now for the server to refuse.
    this.#outbox.pumpAll();
  }

  #acked(ack: AckFrame): void {
    this.#frames.authenticated();
    const entry = this.#outbox.acked(ack);
    // An act's.
    if (!entry) return void this.#replies.answer(ack.ref, ack);
    // From here on the peer may answer: a conversation is followed from its first ack.
    if (entry.target.op === Op.direct) this.#rooms.followSent(ack);
    this.#events.emit('acked', ack);
  }

  #refused(frame: ErrorFrame): void {
    const entry = this.#outbox.find(frame);
    if (entry) {
      const room = entry.target.op === Op.room ? this.#rooms.get(entry.target.roomId) : undefined;
      const lostRoom = frame.code === 'NOT_JOINED' && room !== undefined;
      // Posted by itself half a minute later it would not be what its writer meant: he is told, and has his text.
      const isLater = frame.retryable && frame.code !== 'SLOW_MODE';
      this.#outbox.refusedBy(entry, frame, isLater || lostRoom);
      if (lostRoom) this.#rooms.rejoin(room);
      return;
    }
    if (this.#replies.refuse(frame.ref, frame)) return;
    // With an id of this client's, it answers something that is settled already.
    if (frame.ref !== undefined || frame.clientMsgId !== undefined) return;
    // Over TCP this announces a close; the reconnect is all there is to say about it.
    if (frame.closeCode !== undefined && mayReconnect(frame.closeCode)) return;
    this.#events.emit('error', frame);
  }
}
