import {
  limits,
  Op,
  readEvent,
  type AckFrame,
  type ActInput,
  type Entry,
  type HistoryPage,
  type JoinedFrame,
  type RoomState,
} from '@parley/protocol';
import { Acts } from './acts.js';
import { fullJitter, type Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import type { ClientEvents, ConnectionState, PendingSend, RoomPosition } from './client-events.js';
import type { JoinOptions, ParleyClientOptions, SendOptions } from './client-options.js';
import { EventHub } from './event-hub.js';
import { FrameRouter } from './frame-router.js';
import { FrameSender } from './frame-sender.js';
import { HistoryReader } from './history-reader.js';
import { Link } from './link.js';
import { ListWatch } from './list-watch.js';
import { localError } from './local-refusal.js';
import { newClientMsgId } from './new-client-msg-id.js';
import { Outbox } from './outbox.js';
import type { HistoryQuery } from './parley-api.js';
import { ReadReporter } from './read-reporter.js';
import { RequestTable } from './request-table.js';
import type { RoomLinePorts } from './room-line.js';
import { RoomStates } from './room-states.js';
import { RoomTable, type WantedRoom } from './room-table.js';
import type { SendTarget } from './send-lane.js';
import { ServerRequests } from './server-requests.js';
import { Waits } from './waits.js';

/**
 * A live connection that reconnects, resumes, orders and retries. One per user and tab; not to be used again
 * after `close()` or the `ended` event.
 *
 * @see README.md for what it guarantees and what it does not
 */
export class ParleyClient {
  readonly #events = new EventHub();
  readonly #replies = new RequestTable();
  readonly #backoff: Backoff;
  readonly #now: () => number;
  readonly #pagingDeadlineMs: number;
  readonly #link: Link;
  readonly #frames = new FrameSender((text) => this.#link.send(text));
  readonly #requests: ServerRequests;
  readonly #router: FrameRouter;
  readonly #rooms: RoomTable;
  readonly #outbox: Outbox;
  readonly #history: HistoryReader;
  readonly #reads: ReadReporter;
  readonly #watch: ListWatch;
  readonly #states = new RoomStates();
  readonly #acts: Acts;
  readonly #waits: Waits;
  #endReason: 'CLOSED' | 'ENDED' | undefined;

  constructor(options: ParleyClientOptions) {
    this.#backoff = fullJitter(options.backoff, options.random);
    this.#now = options.now ?? (() => performance.now());
    const answerTimeoutMs = options.sendTimeoutMs ?? 5_000;
    const sendDeadlineMs = options.sendDeadlineMs ?? 120_000;
    this.#pagingDeadlineMs = options.pagingDeadlineMs ?? sendDeadlineMs;
    const online = () => this.state === 'online';
    const ended = () => this.#endReason;
    const [backoff, now] = [this.#backoff, this.#now];
    const ready = (roomId: number) => online() && this.#mayAddress(roomId);
    this.#link = new Link({
      transport: options.transport,
      getToken: options.getToken,
      backoff,
      heartbeat: {
        intervalMs: options.heartbeat?.intervalMs ?? 20_000,
        timeoutMs: options.heartbeat?.timeoutMs ?? 15_000,
      },
      now,
      hasWork: () => this.#watch.isWanted || this.#working().some(({ size }) => size > 0),
      online: (token) => this.#online(token),
      text: (text) => this.#router.receive(text),
      offline: () => this.#offline(),
      state: (state, retryInMs) => {
        // These two are told when all is ready for what a listener may do: below.
        if (state === 'online' || state === 'closed') return;
        this.#events.emit('state', retryInMs === undefined ? { state } : { state, retryInMs });
      },
      tokenFailed: (error) =>
        this.#events.emit('error', localError('TOKEN_UNAVAILABLE', String(error), true)),
      ended: (code, reason) => this.#ended(code, reason),
    });
    this.#rooms = new RoomTable({
      online,
      sendJoin: ({ roomId, line }, failed) => this.#requests.join(roomId, line.position, failed),
      linePorts: (roomId) => this.#linePorts(roomId),
      lost: (room, error) => this.#roomLost(room, error),
      backoff,
    });
    this.#outbox = new Outbox({
      ready: (target) => (target.op === Op.direct ? online() : ready(target.roomId)),
      ended,
      transmit: ({ target, text: msg, clientMsgId, ref }) =>
        this.#frames.send({ ...target, msg, clientMsgId, ref }, target.op === Op.direct),
      bufferedBytes: () => this.#link.bufferedBytes(),
      nextRef: () => this.#replies.nextRef(),
      refused: (clientMsgId, error) => this.#events.emit('refused', { clientMsgId, error }),
      gaveUp: ({ clientMsgId, target }, reason) =>
        this.#events.emit('gaveUp', {
          what: 'send',
          clientMsgId,
          reason,
          ...(target.op === Op.room ? { roomId: target.roomId } : {}),
        }),
      backoff,
      now,
      sendTimeoutMs: answerTimeoutMs,
      sendDeadlineMs,
    });
    this.#requests = new ServerRequests({
      online,
      frames: this.#frames,
      replies: this.#replies,
      timeoutMs: answerTimeoutMs,
    });
    const retrying = { ended, ready, backoff, now };
    this.#history = new HistoryReader({
      ...retrying,
      page: (roomId, query) => this.#requests.page(roomId, query),
      deadlineMs: this.#pagingDeadlineMs,
    });
    this.#acts = new Acts({
      ...retrying,
      send: (roomId, act, clientMsgId) => this.#requests.act(roomId, act, clientMsgId),
      deadlineMs: sendDeadlineMs,
    });
    this.#waits = new Waits({
      online,
      ask: (roomId) => this.#requests.wait(roomId),
      told: (frame) => this.#events.emit('waiting', frame),
    });
    this.#watch = new ListWatch({ online, backoff, ask: () => this.#requests.watch() });
    const read = (roomId: number, seq: number) => this.#requests.read(roomId, seq);
    this.#reads = new ReadReporter({ online, backoff, send: read });
    this.#router = new FrameRouter({
      events: this.#events,
      frames: this.#frames,
      replies: this.#replies,
      rooms: this.#rooms,
      outbox: this.#outbox,
      states: this.#states,
      waits: this.#waits,
      goaway: (reconnectAfterMs) => this.#link.goaway(reconnectAfterMs),
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

  /**
   * Finds out within seconds whether the connection still lives, or makes the next attempt now instead of at its time. To be
   * called when the device wakes, its network comes back, or the user does not want to wait. Without effect when closed.
   */
  probe(): void {
    this.#link.probe();
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
  join(roomId: number, { lastSeq, epoch }: JoinOptions = {}): Promise<JoinedFrame> {
    if (this.#endReason) return Promise.reject(new ClientError(this.#endReason, false));
    const joined = this.#rooms.join(roomId, lastSeq === undefined ? undefined : { seq: lastSeq, epoch });
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
    this.#reads.forget(roomId);
    this.#states.forget(roomId);
    const room = this.#rooms.remove(roomId, new ClientError('LEFT', false));
    if (room) await this.#requests.leave(roomId);
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
   * Does something to a room: `{ act: 'timeout', userId, seconds: 60 }`. Repeated until it is settled, and done once.
   *
   * @returns The ack: it is in force for everything with a higher `seq`.
   * @throws {ClientError} The server's refusal; the last one that may pass, once `sendDeadlineMs` is over; `CLOSED` or `ENDED`.
   */
  act(
    roomId: number,
    act: ActInput,
    { clientMsgId = newClientMsgId() }: SendOptions = {},
  ): Promise<AckFrame> {
    const done = this.#acts.do(roomId, act, clientMsgId);
    this.#link.wake();
    return done;
  }

  /** How a joined room stands for this user; undefined for a conversation, and before the first `joined`. */
  roomState(roomId: number): RoomState | undefined {
    return this.#states.of(roomId);
  }

  /**
   * Takes back a send that is not settled: it is not repeated, and settles as given up with `WITHDRAWN`. Whether it was
   * accepted is unknown. For an application that has another connection make the send; without effect on any other.
   */
  withdraw(clientMsgId: string): void {
    this.#outbox.withdraw(clientMsgId);
  }

  /**
   * Reads a page of history, ascending. Independent of what is shown live.
   *
   * @throws {ClientError} A refusal that stands; the last retryable one once `sendDeadlineMs` is over; `CLOSED` or
   *   `ENDED`.
   */
  history(roomId: number, query: HistoryQuery = {}): Promise<HistoryPage> {
    const page = this.#history.read(roomId, query);
    this.#link.wake();
    return page;
  }

  /**
   * Says that everything of a room up to `seq` is read; the user's other devices are told. Reported soon, at most every two
   * seconds, and again until the server has it; `read` says what it has.
   */
  markRead(roomId: number, seq: number): void {
    if (this.#endReason) return;
    this.#reads.mark(roomId, seq);
    this.#link.wake();
  }

  /** Asks, on every connection, to be told of changes of the list of rooms and of what is read elsewhere. */
  watch(): void {
    if (this.#endReason) return;
    this.#watch.start();
    this.#link.wake();
  }

  /**
   * Waits to be let into a room, over every reconnect, until a host has decided: `waiting` says how it stands. Who has been let in
   * joins; a guest whose session came with it does so on a client that has its token.
   */
  waitFor(roomId: number): void {
    if (this.#endReason) return;
    this.#waits.start(roomId);
    this.#link.wake();
  }

  /** Waits for a room no more; the place is kept for half a minute, unless `ParleyApi.leaveWaiting` gives it up. */
  stopWaiting(roomId: number): void {
    this.#waits.stop(roomId);
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

  #working(): readonly { readonly size: number }[] {
    return [this.#waits, this.#rooms, this.#outbox, this.#history, this.#reads, this.#acts];
  }

  #online(token: string): void {
    this.#frames.begin(token);
    // Joins first: they carry the token, and sends to rooms wait for them.
    this.#rooms.online();
    this.#outbox.pumpAll();
    this.#rooms.probeConversations();
    this.#watch.online();
    this.#waits.online();
    this.#reads.online();
    this.#events.emit('state', { state: 'online' });
  }

  #offline(): void {
    this.#rooms.offline();
    this.#outbox.offline();
    this.#replies.failAll(new ClientError('DISCONNECTED', true));
  }

  #ended(code: number, reason: string): void {
    const why = code === 1000 ? 'CLOSED' : 'ENDED';
    this.#endReason = why;
    this.#events.emit('state', { state: 'closed' });
    this.#rooms.end(new ClientError(why, false));
    this.#replies.failAll(new ClientError(why, false));
    this.#history.end();
    this.#acts.end();
    this.#reads.end();
    this.#watch.end();
    this.#waits.end();
    this.#outbox.end(why);
    this.#events.emit('ended', { code, reason });
  }

  #roomLost(room: WantedRoom, error: ClientError): void {
    this.#states.forget(room.roomId);
    // What waits for the room is now for the server to refuse.
    this.#outbox.pumpAll();
    if (!room.everJoined) return;
    if (error.frame) this.#events.emit('error', error.frame);
    const seq = room.line.position?.seq ?? 0;
    this.#events.emit('gaveUp', { what: 'messages', roomId: room.roomId, from: seq + 1, reason: error.code });
  }

  #send(target: SendTarget, text: string, { clientMsgId = newClientMsgId() }: SendOptions): PendingSend {
    const pending = this.#outbox.add(target, text, clientMsgId);
    this.#link.wake();
    return pending;
  }

  #show(entry: Entry): void {
    if (entry.op !== Op.event) return this.#events.emit(entry.op === Op.direct ? 'direct' : 'message', entry);
    const event = readEvent(entry);
    this.#events.emit('event', { entry, event });
    const state = event && this.#states.take(entry.roomId, event);
    if (state) this.#events.emit('roomState', { roomId: entry.roomId, state });
  }

  #linePorts(roomId: number): RoomLinePorts {
    return {
      page: (after) => this.#requests.page(roomId, { after, limit: limits.maxHistoryPage }),
      show: (entry) => this.#show(entry),
      epochChanged: (epoch, previous) => {
        this.#events.emit('epoch', { roomId, epoch, previous });
        // Acts may have been lost with the line.
        this.#rooms.refresh(roomId);
      },
      gaveUp: (from, to, reason) => {
        const range = to === undefined ? { from } : { from, to };
        this.#events.emit('gaveUp', { what: 'messages', roomId, ...range, reason });
      },
      refused: (error) => this.#rooms.refused(roomId, error),
      backoff: this.#backoff,
      now: this.#now,
      deadlineMs: this.#pagingDeadlineMs,
    };
  }

  /** A room that is wanted is not addressed before this connection is in it; any other is the server's to refuse. */
  #mayAddress(roomId: number): boolean {
    const room = this.#rooms.get(roomId);
    return room === undefined || room.joined !== undefined;
  }
}
