import type { Socket } from 'node:net';

/** Faults one direction of a proxied connection is under. Read at every step, so changes act at once. */
export interface PipeFaults {
  /** No byte and no close passes. */
  readonly frozen: boolean;
  /** Every byte is held this long, in ms. */
  readonly delayMs: number;
  /** Bytes per second; 0 is unlimited. */
  readonly bytesPerSecond: number;
}

interface Held {
  bytes: Buffer;
  dueAtMs: number;
}

/** Bytes held per direction before the source is no longer read, so that back-pressure reaches it. */
const MAX_HELD_BYTES = 1024 * 1024;
/** How often a throttled direction sends, in ms. */
const THROTTLE_STEP_MS = 10;

/**
 * Time between the last bytes and the RST, in ms. When both wait at a Node receiver, libuv reports a
 * clean end instead of ECONNRESET; this lets it read the bytes first.
 */
const RESET_LINGER_MS = 20;

/** Moves bytes from one socket to the other, in order, under the current faults. */
export class TcpPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: PipeFaults;
  readonly #reset: () => void;
  #held: Held[] = [];
  #heldBytes = 0;
  #sourceEnded = false;
  #endForwarded = false;
  #blocked = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #paidUntilMs = 0;
  /** Bytes left until the reset; undefined when none is armed. */
  #bytesToReset: number | undefined;

  /** @param reset - Ends the whole connection with RST. */
  constructor(from: Socket, to: Socket, faults: PipeFaults, reset: () => void) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    this.#reset = reset;
    from.on('data', (bytes: Buffer) => this.#hold(bytes));
    from.on('end', () => {
      this.#sourceEnded = true;
      this.update();
    });
    to.on('drain', () => {
      this.#blocked = false;
      this.update();
    });
  }

  /** Forwards `bytes` more, then resets. `undefined` disarms. */
  resetAfterBytes(bytes: number | undefined): void {
    this.#bytesToReset = bytes;
  }

  /** Sends what may be sent now. To be called after every change of the faults. */
  update(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send();
    if (this.#closed) return;
    const full = this.#heldBytes >= MAX_HELD_BYTES;
    // An unread source keeps its bytes, and its FIN, in the kernel: that is what half-open looks like.
    if (this.#faults.frozen || full) this.#from.pause();
    else this.#from.resume();
  }

  /** Drops what is held and stops. */
  close(): void {
    this.#closed = true;
    this.#held = [];
    this.#heldBytes = 0;
    clearTimeout(this.#timer);
  }

  #hold(bytes: Buffer): void {
    if (this.#closed || bytes.length === 0) return;
    this.#held.push({ bytes, dueAtMs: performance.now() + this.#faults.delayMs });
    this.#heldBytes += bytes.length;
    this.update();
  }

  #send(): void {
    while (!this.#closed && !this.#faults.frozen && !this.#blocked) {
      const head = this.#held[0];
      if (!head) break;
      const nowMs = performance.now();
      const waitMs = Math.max(
        head.dueAtMs - nowMs,
        this.#faults.bytesPerSecond > 0 ? this.#paidUntilMs - nowMs : 0,
      );
      if (waitMs > 0) {
        // Node timers may fire up to a millisecond early.
        this.#timer = setTimeout(() => this.update(), Math.ceil(waitMs));
        return;
      }
      this.#sendPart(head, nowMs);
    }
    const mayEnd = this.#sourceEnded && this.#held.length === 0 && !this.#faults.frozen && !this.#closed;
    if (mayEnd && !this.#endForwarded) {
      this.#endForwarded = true;
      this.#to.end();
    }
  }

  #sendPart(head: Held, nowMs: number): void {
    const { bytesPerSecond } = this.#faults;
    let partBytes = head.bytes.length;
    if (bytesPerSecond > 0) {
      partBytes = Math.min(partBytes, Math.max(1, Math.floor((bytesPerSecond * THROTTLE_STEP_MS) / 1_000)));
      this.#paidUntilMs = nowMs + (partBytes * 1_000) / bytesPerSecond;
    }
    const resets = this.#bytesToReset !== undefined && this.#bytesToReset <= partBytes;
    if (resets) partBytes = this.#bytesToReset ?? 0;
    const part = head.bytes.subarray(0, partBytes);
    if (resets) {
      this.close();
      // Written out first: RST would discard what is still queued in this process.
      if (part.length > 0) this.#to.write(part, () => setTimeout(this.#reset, RESET_LINGER_MS));
      else this.#reset();
      return;
    }
    if (this.#bytesToReset !== undefined) this.#bytesToReset -= partBytes;
    if (partBytes === head.bytes.length) this.#held.shift();
    else head.bytes = head.bytes.subarray(partBytes);
    this.#heldBytes -= partBytes;
    this.#blocked = !this.#to.write(part);
  }
}
