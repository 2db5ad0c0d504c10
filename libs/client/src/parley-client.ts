import {
  errorCatalog,
  limits,
  mayReconnect,
  Op,
  type AckFrame,
  type ClientFrame,
  type ErrorCode,
  type ErrorFrame,
  type HistoryFrame,
  type HistoryPage,
  type JoinedFrame,
  type ServerFrame,
} from '@parley/protocol';
import { fullJitter, type Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import type { ClientEvents, ConnectionState, GaveUp, PendingSend, RoomPosition } from './client-events.js';
import type { JoinOptions, ParleyClientOptions, SendOptions } from './client-options.js';
import { EventHub } from './event-hub.js';
import { FrameSender } from './frame-sender.js';
import { readPage } from './history-reader.js';
import { Link } from './link.js';
import { localError, refusalOf } from './local-refusal.js';
import { newClientMsgId } from './new-client-msg-id.js';
import { Outbox } from './outbox.js';
import type { HistoryQuery } from './parley-api.js';
import { parseServerFrame } from './parse-server-frame.js';
import { RequestTable } from './request-table.js';
import type { RoomLinePorts } from './room-line.js';
import { RoomTable, type WantedRoom } from './room-table.js';
import type { OutboxEntry, SendTarget } from './send-lane.js';
import { Sleeper } from './sleeper.js';

/**
 * A live connection that reconnects, resumes, orders and retries. One per user and tab; not to be used again
 * after `close()` or the `ended` event.
 *
 * @see README.md for what it guarantees and what it does not
 */
export class ParleyClient {
  readonly #events = new EventHub();
  readonly #requests = new RequestTable();
  readonly #sleeper = new Sleeper();
  readonly #backoff: Backoff;
  readonly #now: () => number;
  readonly #answerTimeoutMs: number;
  readonly #deadlineMs: number;
  readonly #link: Link;
  readonly #frames = new FrameSender((text) => this.#link.send(text));
  readonly #rooms: RoomTable;
  readonly #outbox: Outbox;
  #openPages = 0;

  constructor(options: ParleyClientOptions) {
    this.#backoff = fullJitter(options.backoff, options.random);
    this.#now = options.now ?? (() => Date.now());
    this.#answerTimeoutMs = options.sendTimeoutMs ?? 5_000;
    this.#deadlineMs = options.sendDeadlineMs ?? 120_000;
    this.#link = new Link({
      transport: options.transport,
      getToken: options.getToken,
      backoff: this.#backoff,
      heartbeat: {
        intervalMs: options.heartbeat?.intervalMs ?? 20_000,
        timeoutMs: options.heartbeat?.timeoutMs ?? 15_000,
      },
      now: this.#now,
      hasWork: () => this.#rooms.size + this.#outbox.size + this.#openPages > 0,
      online: (token) => this.#online(token),
      text: (text) => this.#receive(text),
      offline: () => this.#offline(),
      state: (state, retryInMs) =>
        this.#events.emit('state', retryInMs === undefined ? { state } : { state, retryInMs }),
      tokenFailed: (error) =>
        this.#events.emit('error', localError('TOKEN_UNAVAILABLE', String(error), true)),
      ended: (code, reason) => this.#ended(code, reason),
    });
    this.#rooms = new RoomTable({
      online: () => this.#link.state === 'online',
      sendJoin: (room, failed) => this.#sendJoin(room, failed),
      linePorts: (roomId) => this.#linePorts(roomId),
      lost: (room, error) => this.#roomLost(room, error),
      backoff: this.#backoff,
    });
    this.#outbox = new Outbox({
      ready: (target) =>
        this.#link.state === 'online' && (target.op === Op.direct || this.#mayAddress(target.roomId)),
      transmit: (entry) => this.#transmit(entry),
      bufferedBytes: () => this.#link.bufferedBytes(),
      nextRef: () => this.#requests.nextRef(),
      refused: (clientMsgId, error) => this.#events.emit('refused', { clientMsgId, error }),
      gaveUp: ({ clientMsgId, target }, reason) =>
        this.#gaveUp({
          what: 'send',
          clientMsgId,
          reason,
          ...(target.op === Op.room ? { roomId: target.roomId } : {}),
        }),
      backoff: this.#backoff,
      now: this.#now,
      sendTimeoutMs: this.#answerTimeoutMs,
      sendDeadlineMs: this.#deadlineMs,
    });
  }

  get state(): ConnectionState {
    return this.#link.state;
  }

  /**
   * Connects, and stays connected. The socket is opened once there is a room to join or something to send.
   *
   * @throws {Error} after `close()` or `ended`.
   */
  connect(): void {
    if (this.state === 'closed') throw new Error('This client is closed: make a new one.');
    this.#link.start();
  }

  /** Ends for good. Pending sends are given up. @returns When the socket is closed. */
  close(): Promise<void> {
    return this.#link.close();
  }

  /**
   * Joins a room and stays in it over every reconnect, going on after the last message shown.
   *
   * @returns The first join, or the latest if already joined. Pending while offline.
   * @throws {ClientError} The server's refusal; `LEFT`, `CLOSED` or `ENDED`.
   */
  join(roomId: number, options: JoinOptions = {}): Promise<JoinedFrame> {
    if (this.state === 'closed') return Promise.reject(new ClientError('CLOSED', false));
    const { lastSeq, epoch } = options;
    const from =
      lastSeq === undefined ? undefined : { seq: lastSeq, ...(epoch === undefined ? {} : { epoch }) };
    const joined = this.#rooms.join(roomId, from);
    this.#link.wake();
    return joined;
  }

  /**
   * Leaves a room. Nothing of it is shown from this call on, and its position is forgotten.
   *
   * @returns When the server has confirmed, or at once when there is nothing to confirm.
   * @throws {ClientError} `NO_ANSWER`, or the server's refusal.
   */
  async leave(roomId: number): Promise<void> {
    const room = this.#rooms.remove(roomId, new ClientError('LEFT', false));
    if (!room || this.state !== 'online') return;
    try {
      await this.#request((ref) => ({ op: Op.leave, roomId, ref }));
    } catch (error) {
      // Without its connection a client is in no room.
      if (error instanceof ClientError && ['DISCONNECTED', 'NOT_JOINED'].includes(error.code)) return;
      throw error;
    }
  }

  /** Sends to a room. Queued while offline; repeated until it is settled. */
  send(roomId: number, text: string, options: SendOptions = {}): PendingSend {
    return this.#send({ op: Op.room, roomId }, text, options);
  }

  /** Sends to one user. Queued while offline; repeated until it is settled. */
  sendDirect(toUserId: number, text: string, options: SendOptions = {}): PendingSend {
    return this.#send({ op: Op.direct, toUserId }, text, options);
  }

  /**
   * Reads a page of history, ascending. Independent of what is shown live.
   *
   * @throws {ClientError} A refusal that stands; the last retryable one once `sendDeadlineMs` is over; `CLOSED`.
   */
  async history(roomId: number, query: HistoryQuery = {}): Promise<HistoryPage> {
    this.#openPages++;
    this.#link.wake();
    try {
      return await readPage({
        closed: () => this.state === 'closed',
        ready: () => this.state === 'online' && this.#mayAddress(roomId),
        page: () => this.#page(roomId, query),
        sleep: (delayMs) => this.#sleeper.sleep(delayMs),
        backoff: this.#backoff,
        now: this.#now,
        deadlineMs: this.#deadlineMs,
      });
    } finally {
      this.#openPages--;
    }
  }

  /** Asks for the number of users online; the answer is a `count` event. Ignored while offline. */
  requestCount(roomId: number): void {
    this.#frames.send({ op: Op.count, roomId });
  }

  /** Asks who is online; the answer is an `info` event. Ignored while offline. */
  requestInfo(roomId: number): void {
    this.#frames.send({ op: Op.info, roomId });
  }

  /** The last message shown of a room or conversation; undefined before the first `joined`. */
  position(roomId: number): RoomPosition | undefined {
    return this.#rooms.line(roomId)?.position;
  }

  /** @returns A function that removes the listener. */
  on<E extends keyof ClientEvents>(event: E, listener: (payload: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  #online(token: string): void {
    this.#frames.begin(token);
    // Joins first: they carry the token, and sends to rooms wait for them.
    this.#rooms.online();
    this.#outbox.pumpAll();
    this.#rooms.probeConversations();
  }

  #offline(): void {
    this.#rooms.offline();
    this.#outbox.offline();
    this.#requests.failAll(new ClientError('DISCONNECTED', true));
  }

  #ended(code: number, reason: string): void {
    const why = code === 1000 ? 'CLOSED' : 'ENDED';
    this.#rooms.end(new ClientError(why, false));
    this.#requests.failAll(new ClientError(why, false));
    this.#sleeper.wakeAll();
    this.#outbox.end(why);
    this.#events.emit('ended', { code, reason });
  }

  #receive(text: string): void {
    const parsed = parseServerFrame(text);
    if (parsed.kind === 'frame') this.#dispatch(parsed.frame);
    else if (parsed.kind === 'bad')
      this.#events.emit('error', localError('BAD_FRAME', parsed.problem, false));
  }

  #dispatch(frame: ServerFrame): void {
    switch (frame.op) {
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
        const line = this.#rooms.line(roomId);
        if (!line) return;
        this.#events.emit('resync', { roomId, from, to, reason });
        return line.resync(frame);
      }
      case Op.history:
      case Op.leave:
        this.#frames.authenticated();
        this.#requests.answer(frame.ref, frame);
        return;
      case Op.goaway:
        this.#link.goaway(frame.reconnectAfterMs);
        return this.#events.emit('goaway', frame);
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
    this.#requests.answer(frame.ref, frame);
    const room = this.#rooms.joined(frame);
    if (!room) return;
    this.#events.emit('joined', frame);
    for (const waiter of room.waiters.splice(0)) waiter.resolve(frame);
    this.#outbox.pumpAll();
  }

  #acked(ack: AckFrame): void {
    this.#frames.authenticated();
    const entry = this.#outbox.acked(ack);
    if (!entry) return;
    // From here on the peer may answer: a conversation is followed from its first ack.
    if (entry.target.op === Op.direct) this.#rooms.followSent(ack);
    this.#events.emit('acked', ack);
  }

  #refused(frame: ErrorFrame): void {
    const entry = this.#outbox.find(frame);
    if (entry) {
      const room = entry.target.op === Op.room ? this.#rooms.get(entry.target.roomId) : undefined;
      const lostRoom = frame.code === 'NOT_JOINED' && room !== undefined;
      this.#outbox.refusedBy(entry, frame, frame.retryable || lostRoom);
      if (lostRoom) this.#rooms.rejoin(room);
      return;
    }
    if (this.#requests.refuse(frame.ref, frame)) return;
    // With an id of this client's, it answers something that is settled already.
    if (frame.ref !== undefined || frame.clientMsgId !== undefined) return;
    // Over TCP this announces a close; the reconnect is all there is to say about it.
    if (frame.closeCode !== undefined && mayReconnect(frame.closeCode)) return;
    this.#events.emit('error', frame);
  }

  #roomLost(room: WantedRoom, error: ClientError): void {
    // What waits for the room is now for the server to refuse.
    this.#outbox.pumpAll();
    if (!room.everJoined) return;
    if (error.frame) this.#events.emit('error', error.frame);
    const seq = room.line.position?.seq ?? 0;
    this.#gaveUp({ what: 'messages', roomId: room.roomId, from: seq + 1, reason: error.code });
  }

  #send(target: SendTarget, text: string, options: SendOptions): PendingSend {
    const clientMsgId = options.clientMsgId ?? newClientMsgId();
    const code = refusalOf(text, clientMsgId);
    if (code) return this.#refuseHere(code, clientMsgId);
    if (this.state === 'closed') {
      return { clientMsgId, result: Promise.resolve({ status: 'gave-up', reason: 'CLOSED' }) };
    }
    const pending = this.#outbox.add(target, text, clientMsgId);
    this.#link.wake();
    return pending;
  }

  /** What no server takes is not sent: a frame above the limit would cost the connection. */
  #refuseHere(code: ErrorCode, clientMsgId: string): PendingSend {
    const error: ErrorFrame = { ...localError(code, errorCatalog[code].message, false), clientMsgId };
    // Later, as every other answer: the caller has the id by then.
    const result = Promise.resolve().then(() => {
      this.#events.emit('refused', { clientMsgId, error });
      return { status: 'refused' as const, error };
    });
    return { clientMsgId, result };
  }

  #transmit({ target, text: msg, clientMsgId, ref }: OutboxEntry): void {
    this.#frames.send({ ...target, msg, clientMsgId, ref }, target.op === Op.direct);
  }

  #sendJoin(room: WantedRoom, failed: (error: ClientError) => void): void {
    const ref = this.#requests.nextRef();
    const position = room.line.position;
    this.#requests.expect(ref, this.#answerTimeoutMs, () => {}, failed);
    const from = position && { lastSeq: position.seq, ...(position.epoch ? { epoch: position.epoch } : {}) };
    this.#frames.send({ op: Op.join, roomId: room.roomId, ref, ...from }, true);
  }

  #linePorts(roomId: number): RoomLinePorts {
    return {
      page: (after) => this.#page(roomId, { after, limit: limits.maxHistoryPage }),
      show: (message) => this.#events.emit(message.op === Op.direct ? 'direct' : 'message', message),
      epochChanged: (epoch, previous) => this.#events.emit('epoch', { roomId, epoch, previous }),
      gaveUp: (from, to, reason) =>
        this.#gaveUp({ what: 'messages', roomId, from, reason, ...(to === undefined ? {} : { to }) }),
      backoff: this.#backoff,
      now: this.#now,
      deadlineMs: this.#deadlineMs,
    };
  }

  async #page(roomId: number, query: HistoryQuery): Promise<HistoryPage> {
    const frame = await this.#request((ref) => ({ op: Op.history, roomId, ref, ...query }));
    const { epoch, head, messages, more } = frame as HistoryFrame;
    return { roomId, epoch, head, messages, more };
  }

  #request(build: (ref: number) => ClientFrame): Promise<ServerFrame> {
    if (this.state !== 'online') return Promise.reject(new ClientError('DISCONNECTED', true));
    return new Promise((resolve, reject) => {
      const ref = this.#requests.nextRef();
      this.#requests.expect(ref, this.#answerTimeoutMs, resolve, reject);
      this.#frames.send(build(ref));
    });
  }

  /** A room that is wanted is not addressed before this connection is in it; any other is the server's to refuse. */
  #mayAddress(roomId: number): boolean {
    const room = this.#rooms.get(roomId);
    return room === undefined || room.joined !== undefined;
  }

  #gaveUp(what: GaveUp): void {
    this.#events.emit('gaveUp', what);
  }
}
