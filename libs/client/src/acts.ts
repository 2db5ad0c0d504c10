import type { AckFrame, ActInput } from '@parley/protocol';
import { Retrying, type RetryingPorts } from './retrying.js';

/** What the acts need. */
export interface ActsPorts extends RetryingPorts {
  /** One attempt; rejects with `ClientError`. */
  send(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame>;
}

/** Does things to rooms: each act again, under the same id, while that can help, so that it is done once. */
export class Acts {
  readonly #ports: ActsPorts;
  readonly #retrying: Retrying;
  /** The last act asked for in each room, while one is under way; resolves when it is over. */
  readonly #tails = new Map<number, Promise<void>>();
  #size = 0;

  constructor(ports: ActsPorts) {
    this.#ports = ports;
    this.#retrying = new Retrying(ports);
  }

  /** Acts under way. */
  get size(): number {
    return this.#size;
  }

  /** @throws {ClientError} See {@link Retrying.run}. */
  async do(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame> {
    this.#size++;
    const askedAtMs = this.#ports.now();
    const attempt = () => this.#ports.send(roomId, act, clientMsgId);
    const perform = () => this.#retrying.run(roomId, attempt, askedAtMs);
    // In the order asked: what somebody does may rely on what he did before.
    const done = (this.#tails.get(roomId) ?? Promise.resolve()).then(perform);
    const tail = done.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(roomId, tail);
    try {
      return await done;
    } finally {
      this.#size--;
      if (this.#tails.get(roomId) === tail) this.#tails.delete(roomId);
    }
  }

  /** Call when the client is closed: nobody waits any longer. */
  end(): void {
    this.#retrying.end();
  }
}
