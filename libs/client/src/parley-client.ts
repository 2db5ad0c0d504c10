import {
  Op,
  type AckFrame,
  type ActInput,
  type HistoryPage,
  type JoinedFrame,
  type RoomState,
} from '@parley/protocol';
import { ClientError } from './client-error.js';
import type { ClientEvents, ConnectionState, PendingSend, RoomPosition } from './client-events.js';
import type { JoinOptions, ParleyClientOptions, SendOptions } from './client-options.js';
import { clientParts, type ClientParts } from './client-parts.js';
import { newClientMsgId } from './new-client-msg-id.js';
import type { HistoryQuery } from './parley-api.js';
import type { SendTarget } from './send-lane.js';

/**
 * A live connection that reconnects, resumes, orders and retries. One per user and tab; not to be used again
 * after `close()` or the `ended` event.
 *
 * @see README.md for what it guarantees and what it does not
 */
export class ParleyClient {
  readonly #parts: ClientParts;

  constructor(options: ParleyClientOptions) {
    this.#parts = clientParts(options);
  }

  get state(): ConnectionState {
    return this.#parts.link.state;
  }

  /**
   * Connects, and stays connected. The socket is opened once there is a room to join or something to send.
   *
   * @throws {Error} after `close()` or `ended`.
   */
  connect(): void {
    if (this.state === 'closed') throw new Error('This client is closed: make a new one.');
    this.#parts.link.start();
  }

  /**
   * Finds out within seconds whether the connection still lives, or makes the next attempt now instead of at its time. To be
   * called when the device wakes, its network comes back, or the user does not want to wait. Without effect when closed.
   */
  probe(): void {
    this.#parts.link.probe();
  }

  /** Ends for good. Pending sends are given up. @returns When the socket is closed. */
  close(): Promise<void> {
    return this.#parts.link.close();
  }

  /**
   * Joins a room and stays in it over every reconnect, going on after the last message shown.
   *
   * @returns The first join, or the latest if already joined. Pending while offline.
   * @throws {ClientError} The server's refusal; `LEFT`, `CLOSED` or `ENDED`.
   */
  join(roomId: number, { lastSeq, epoch }: JoinOptions = {}): Promise<JoinedFrame> {
    const ended = this.#parts.ended();
    if (ended) return Promise.reject(new ClientError(ended, false));
    const joined = this.#parts.rooms.join(
      roomId,
      lastSeq === undefined ? undefined : { seq: lastSeq, epoch },
    );
    this.#parts.link.wake();
    return joined;
  }

  /**
   * Leaves a room. Nothing of it is shown from this call on, and its position is forgotten.
   *
   * @returns When the server has confirmed, also a position that it was being told; at once when there is nothing to confirm.
   * @throws {ClientError} `NO_ANSWER`, or the server's refusal.
   */
  async leave(roomId: number): Promise<void> {
    const reported = this.#parts.reads.forget(roomId);
    this.#parts.states.forget(roomId);
    const room = this.#parts.rooms.remove(roomId, new ClientError('LEFT', false));
    // What waits for the room is now for the server to refuse.
    this.#parts.outbox.pumpAll();
    await Promise.all([reported, room && this.#parts.requests.leave(roomId)]);
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
   * @throws {ClientError} The server's refusal; the last one that may pass, once `actDeadlineMs` is over; `CLOSED` or `ENDED`.
   */
  act(
    roomId: number,
    act: ActInput,
    { clientMsgId = newClientMsgId() }: SendOptions = {},
  ): Promise<AckFrame> {
    const done = this.#parts.acts.do(roomId, act, clientMsgId);
    this.#parts.link.wake();
    return done;
  }

  /** How a joined room stands for this user; undefined for a conversation, and before the first `joined`. */
  roomState(roomId: number): RoomState | undefined {
    return this.#parts.states.of(roomId);
  }

  /**
   * Takes back a send that is not settled: it is not repeated, and settles as given up with `WITHDRAWN`. Whether it was
   * accepted is unknown. For an application that has another connection make the send; without effect on any other.
   */
  withdraw(clientMsgId: string): void {
    this.#parts.outbox.withdraw(clientMsgId);
  }

  /**
   * Reads a page of history, ascending. Independent of what is shown live.
   *
   * @throws {ClientError} A refusal that stands; the last retryable one once `sendDeadlineMs` is over; `CLOSED` or
   *   `ENDED`.
   */
  history(roomId: number, query: HistoryQuery = {}): Promise<HistoryPage> {
    const page = this.#parts.history.read(roomId, query);
    this.#parts.link.wake();
    return page;
  }

  /**
   * Says that everything of a room up to `seq` is read; the user's other devices are told. Reported soon, at most every two
   * seconds, and again until the server has it; `read` says what it has.
   */
  markRead(roomId: number, seq: number): void {
    if (this.#parts.ended()) return;
    this.#parts.reads.mark(roomId, seq);
    this.#parts.link.wake();
  }

  /** Asks, on every connection, to be told of changes of the list of rooms and of what is read elsewhere. */
  watch(): void {
    if (this.#parts.ended()) return;
    this.#parts.watch.start();
    this.#parts.link.wake();
  }

  /**
   * Waits to be let into a room, over every reconnect, until a host has decided: `waiting` says how it stands. Who has been let in
   * joins; a guest whose session came with it does so on a client that has its token.
   */
  waitFor(roomId: number): void {
    if (this.#parts.ended()) return;
    this.#parts.waits.start(roomId);
    this.#parts.link.wake();
  }

  /** Waits for a room no more; the place is kept for half a minute, unless `ParleyApi.leaveWaiting` gives it up. */
  stopWaiting(roomId: number): void {
    this.#parts.waits.stop(roomId);
  }

  /** Asks for the number of users online; the answer is a `count` event. Ignored while offline. */
  requestCount(roomId: number): void {
    this.#parts.frames.send({ op: Op.count, roomId });
  }

  /** Asks who is online; the answer is an `info` event. Ignored while offline. */
  requestInfo(roomId: number): void {
    this.#parts.frames.send({ op: Op.info, roomId });
  }

  /** The last message shown of a room or conversation; undefined before the first `joined`. */
  position(roomId: number): RoomPosition | undefined {
    return this.#parts.rooms.line(roomId)?.position;
  }

  /** @returns A function that removes the listener. */
  on<E extends keyof ClientEvents>(event: E, listener: (payload: ClientEvents[E]) => void): () => void {
    return this.#parts.events.on(event, listener);
  }

  #send(target: SendTarget, text: string, { clientMsgId = newClientMsgId() }: SendOptions): PendingSend {
    const pending = this.#parts.outbox.add(target, text, clientMsgId);
    this.#parts.link.wake();
    return pending;
  }
}
