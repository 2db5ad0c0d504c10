import type { Backoff } from './backoff.js';
import type { ClientError } from './client-error.js';

/** Positions of one room are reported at most this often, milliseconds; the furthest one always is. */
const REPORT_INTERVAL_MS = 2_000;

/** What the reporter needs. */
export interface ReadReporterPorts {
  online(): boolean;
  /** Says how far a room is read. @returns The position that the server has kept; rejects with {@link ClientError}. */
  send(roomId: number, seq: number): Promise<{ readonly seq: number }>;
  readonly backoff: Backoff;
}

interface Reading {
  /** Furthest position read. */
  wanted: number;
  /** What the server is known to have. */
  kept: number;
  failures: number;
  /** Until then nothing is sent: a report is under way, or was just made. */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The report under way; it never rejects. */
  sent: Promise<void> | undefined;
}

/** Tells the server how far rooms are read: seldom, and until it has kept it. */
export class ReadReporter {
  readonly #ports: ReadReporterPorts;
  readonly #rooms = new Map<number, Reading>();

  constructor(ports: ReadReporterPorts) {
    this.#ports = ports;
  }

  /** Rooms whose position the server does not have yet, or has had for a moment only. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Everything up to `seq` is read. Never goes back. */
  mark(roomId: number, seq: number): void {
    const room = this.#rooms.get(roomId) ?? {
      wanted: -1,
      kept: -1,
      failures: 0,
      timer: undefined,
      sent: undefined,
    };
    this.#rooms.set(roomId, room);
    room.wanted = Math.max(room.wanted, seq);
    this.#pump(roomId, room);
  }

  /**
   * The user has left the room: nothing of it is reported any more.
   *
   * @returns When a report that was under way is answered: until then the server may keep it, and so the room among those followed.
   */
  forget(roomId: number): Promise<void> {
    const room = this.#rooms.get(roomId);
    clearTimeout(room?.timer);
    this.#rooms.delete(roomId);
    return room?.sent ?? Promise.resolve();
  }

  online(): void {
    for (const [roomId, room] of this.#rooms) this.#pump(roomId, room);
  }

  end(): void {
    for (const roomId of [...this.#rooms.keys()]) void this.forget(roomId);
  }

  #pump(roomId: number, room: Reading): void {
    if (room.sent || room.timer !== undefined || !this.#ports.online()) return;
    if (room.wanted <= room.kept) {
      this.#rooms.delete(roomId);
      return;
    }
    const { wanted } = room;
    room.sent = this.#ports.send(roomId, wanted).then(
      ({ seq }) => {
        room.failures = 0;
        room.kept = Math.max(room.kept, seq, wanted);
        this.#next(roomId, room, REPORT_INTERVAL_MS);
      },
      (error: ClientError) => {
        // The next connection is told by itself. What is refused for good would be refused again.
        if (!error.retryable) room.kept = Math.max(room.kept, wanted);
        const delayMs = this.#ports.backoff(room.failures++, error.retryAfterMs);
        this.#next(roomId, room, Math.max(delayMs, error.retryable ? 0 : REPORT_INTERVAL_MS));
      },
    );
  }

  #next(roomId: number, room: Reading, delayMs: number): void {
    room.sent = undefined;
    if (this.#rooms.get(roomId) !== room) return;
    room.timer = setTimeout(() => {
      room.timer = undefined;
      this.#pump(roomId, room);
    }, delayMs);
  }
}
