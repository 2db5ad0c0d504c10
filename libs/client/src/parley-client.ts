import type { HistoryPage, JoinedFrame } from '@parley/protocol';
import type { ClientEvents, ConnectionState, PendingSend, RoomPosition } from './client-events.js';
import type { ParleyClientOptions } from './client-options.js';
import type { HistoryQuery } from './parley-api.js';

/** Where to go on in a room. */
export interface JoinOptions {
  /** The last seq that was shown; messages after it are delivered. Without it: from now on. */
  readonly lastSeq?: number;
  /** The epoch of that seq. */
  readonly epoch?: string;
}

/** Options of a send. */
export interface SendOptions {
  /** Give the id of an earlier send to try it again. @defaultValue a new UUIDv7 */
  readonly clientMsgId?: string;
}

/** A live connection that reconnects, resumes, orders and retries. See README.md for what it guarantees. */
export class ParleyClient {
  constructor(_options: ParleyClientOptions) {}
  get state(): ConnectionState {
    return 'idle';
  }
  connect(): void {}
  close(): Promise<void> {
    throw new Error('not yet');
  }
  join(_roomId: number, _options: JoinOptions = {}): Promise<JoinedFrame> {
    throw new Error('not yet');
  }
  leave(_roomId: number): Promise<void> {
    throw new Error('not yet');
  }
  send(_roomId: number, _text: string, _options: SendOptions = {}): PendingSend {
    throw new Error('not yet');
  }
  sendDirect(_toUserId: number, _text: string, _options: SendOptions = {}): PendingSend {
    throw new Error('not yet');
  }
  history(_roomId: number, _query: HistoryQuery = {}): Promise<HistoryPage> {
    throw new Error('not yet');
  }
  requestCount(_roomId: number): void {}
  requestInfo(_roomId: number): void {}
  position(_roomId: number): RoomPosition | undefined {
    return undefined;
  }
  on<E extends keyof ClientEvents>(_event: E, _listener: (payload: ClientEvents[E]) => void): () => void {
    throw new Error('not yet');
  }
}
