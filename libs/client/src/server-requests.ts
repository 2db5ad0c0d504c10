import {
  Op,
  type AckFrame,
  type Act,
  type ActInput,
  type ClientFrame,
  type HistoryFrame,
  type HistoryPage,
  type ReadFrame,
  type ServerFrame,
  type WaitFrame,
} from '@parley/protocol';
import type { RoomPosition } from './client-events.js';
import { ClientError } from './client-error.js';
import type { FrameSender } from './frame-sender.js';
import type { HistoryQuery } from './parley-api.js';
import type { RequestTable } from './request-table.js';

/** Why a leave may fail and yet have what it wants: without its connection a client is in no room. */
const IN_NO_ROOM = new Set(['NOT_JOINED', 'DISCONNECTED', 'CLOSED', 'ENDED']);

/**
 * A page is waited for so many times as long as other replies. A server answers the questions of a connection one after another, and
 * every one: asking again sooner makes the next answer later, and nobody waits for the one that comes.
 */
const PAGE_PATIENCE = 4;

/** What the requests need. */
export interface ServerRequestsPorts {
  online(): boolean;
  readonly frames: FrameSender;
  readonly replies: RequestTable;
  /** The wait for a reply, milliseconds; then `NO_ANSWER`. */
  readonly timeoutMs: number;
}

/** Frames that are answered by `ref`, each sent once: joins, leaves, pages of history, read positions, the watch, waiting. */
export class ServerRequests {
  readonly #ports: ServerRequestsPorts;

  constructor(ports: ServerRequestsPorts) {
    this.#ports = ports;
  }

  /**
   * Asks to be in a room; `joined` is for the room table.
   *
   * @param position - The last message shown; to begin where the room is if undefined or without an epoch.
   * @param failed - Called unless the answer is a `joined`.
   * @returns The `ref` of the join; each is larger than the one before.
   */
  join(roomId: number, position: RoomPosition | undefined, failed: (error: ClientError) => void): number {
    const { replies, frames, timeoutMs } = this.#ports;
    const ref = replies.nextRef();
    replies.expect(ref, timeoutMs, () => {}, failed);
    // Both or neither: without its epoch a seq is no position, and the line reads from there by itself.
    const from = position?.epoch ? { lastSeq: position.seq, epoch: position.epoch } : undefined;
    frames.send({ op: Op.join, roomId, ref, ...from }, true);
    return ref;
  }

  /**
   * @returns When the client is not in the room, for whatever reason.
   * @throws {ClientError} `NO_ANSWER`, or the server's refusal.
   */
  async leave(roomId: number): Promise<void> {
    try {
      await this.#request((ref) => ({ op: Op.leave, roomId, ref }));
    } catch (error) {
      if (!(error instanceof ClientError) || !IN_NO_ROOM.has(error.code)) throw error;
    }
  }

  /** @throws {ClientError} `DISCONNECTED`, `CLOSED`, `ENDED`, `NO_ANSWER`, or the server's refusal. */
  async page(roomId: number, query: HistoryQuery): Promise<HistoryPage> {
    const frame = await this.#request((ref) => ({ op: Op.history, roomId, ref, ...query }), PAGE_PATIENCE);
    const { epoch, head, messages, more } = frame as HistoryFrame;
    return { roomId, epoch, head, messages, more };
  }

  /** @throws {ClientError} As {@link page}. */
  async act(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame> {
    const frame = await this.#request((ref) => ({ op: Op.act, roomId, act: act as Act, clientMsgId, ref }));
    return frame as AckFrame;
  }

  /** @returns What the server has kept. @throws {ClientError} As {@link page}. */
  async read(roomId: number, seq: number): Promise<ReadFrame> {
    return (await this.#request((ref) => ({ op: Op.read, roomId, seq, ref }))) as ReadFrame;
  }

  /** @throws {ClientError} As {@link page}. */
  async watch(): Promise<void> {
    await this.#request((ref) => ({ op: Op.watch, ref }));
  }

  /** @throws {ClientError} As {@link page}. */
  async wait(roomId: number): Promise<WaitFrame> {
    return (await this.#request((ref) => ({ op: Op.wait, roomId, ref }))) as WaitFrame;
  }

  #request(build: (ref: number) => ClientFrame, patience = 1): Promise<ServerFrame> {
    const { online, replies, frames, timeoutMs } = this.#ports;
    if (!online()) return Promise.reject(new ClientError('DISCONNECTED', true));
    return new Promise((resolve, reject) => {
      const ref = replies.nextRef();
      replies.expect(ref, timeoutMs * patience, resolve, reject);
      frames.send(build(ref));
    });
  }
}
