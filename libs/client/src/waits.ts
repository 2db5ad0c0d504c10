import { Op, type WaitFrame } from '@parley/protocol';
import type { ClientError } from './client-error.js';

/** Who is not heard of for thirty seconds leaves the list of those who wait, milliseconds. */
const ASK_EVERY_MS = 10_000;

/** What waiting needs. */
export interface WaitsPorts {
  online(): boolean;
  /** Asks once, on the present connection; rejects with {@link ClientError}. */
  ask(roomId: number): Promise<WaitFrame>;
  /** How it stands. */
  told(frame: WaitFrame): void;
}

/** Waits to be let into rooms: asks on every connection, and again and again, so that neither a lost word nor a lost server keeps anybody out. */
export class Waits {
  readonly #ports: WaitsPorts;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout> | undefined>();

  constructor(ports: WaitsPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#timers.size;
  }

  start(roomId: number): void {
    if (this.#timers.has(roomId)) return;
    this.#timers.set(roomId, undefined);
    this.#ask(roomId);
  }

  stop(roomId: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.delete(roomId);
  }

  /** There is a connection, which has not been asked yet. */
  online(): void {
    for (const roomId of this.#timers.keys()) this.#ask(roomId);
  }

  /** The server has said how it stands, asked or not. */
  heard(frame: WaitFrame): void {
    if (!this.#timers.has(frame.roomId)) return;
    if (frame.state !== 'waiting') this.stop(frame.roomId);
    this.#ports.told(frame);
  }

  end(): void {
    for (const roomId of [...this.#timers.keys()]) this.stop(roomId);
  }

  #ask(roomId: number): void {
    clearTimeout(this.#timers.get(roomId));
    if (!this.#ports.online()) return;
    this.#timers.set(
      roomId,
      setTimeout(() => this.#ask(roomId), ASK_EVERY_MS),
    );
    this.#ports.ask(roomId).then(
      (frame) => this.heard(frame),
      // What may pass is asked again at its time; a connection that is lost, by the next one.
      (error: ClientError) => {
        if (error.code === 'NOT_WAITING' || error.code === 'FORBIDDEN')
          this.heard({ op: Op.wait, roomId, state: 'over' });
      },
    );
  }
}
