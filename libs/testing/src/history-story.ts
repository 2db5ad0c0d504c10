import { HistoryChecker, type HistoryCheckerOptions } from './history-checker.js';
import type { ActEffects } from './history-records.js';

export const ROOM = 1;

/**
 * Writes histories in short: everybody is in one room, and message `x` is by the sender `s`. The clock stands still
 * but for receipts, which take 10 ms each.
 */
export class Story {
  readonly checker: HistoryChecker;
  #nowMs = 0;

  constructor(options: HistoryCheckerOptions = {}) {
    this.checker = new HistoryChecker({ maxViolationsPerKind: 5, ...options });
  }

  /** Sets the clock for what follows. */
  at(nowMs: number): this {
    this.#nowMs = nowMs;
    return this;
  }
  joins(seq: number, ...clientIds: string[]): this {
    for (const clientId of clientIds) this.checker.joined({ clientId, roomId: ROOM, seq, epoch: 'e1' });
    return this;
  }
  sends(clientMsgId: string, content?: string): this {
    const atMs = this.#nowMs;
    this.checker.sent({ clientId: 'a', roomId: ROOM, senderId: 's', clientMsgId, content, atMs });
    return this;
  }
  /** Asks for an act; it is acked and shown like a message of its name. */
  asks(clientMsgId: string, act: ActEffects, senderId = 's'): this {
    this.checker.sent({ clientId: 'a', roomId: ROOM, senderId, clientMsgId, act, atMs: this.#nowMs });
    return this;
  }
  /** A read that begins now gives a text, or a tombstone without one. */
  reads(clientId: string, receipt: string, content?: string): this {
    return this.#gives(clientId, receipt, {
      content,
      deleted: content === undefined,
      readFromMs: this.#nowMs,
    });
  }
  /** In its turn, as deleted. */
  showsTombstone(clientId: string, receipt: string): this {
    return this.#receives(clientId, receipt, 'e1', undefined, true);
  }
  /** In its turn, by a resume that begins now. */
  showsRead(clientId: string, receipt: string, content: string): this {
    return this.#receives(clientId, receipt, 'e1', content, false, this.#nowMs);
  }
  /** How the room stands for a client, in the end. */
  stands(clientId: string, state: string, audience = 'all'): this {
    this.checker.stands({ clientId, roomId: ROOM, audience, state });
    return this;
  }
  acks(clientMsgId: string, seq: number, epoch = 'e1'): this {
    const atMs = this.#nowMs;
    this.checker.acked({ clientId: 'a', roomId: ROOM, senderId: 's', clientMsgId, seq, epoch, atMs });
    return this;
  }
  refuses(clientMsgId: string): this {
    this.checker.refused({ clientId: 'a', roomId: ROOM, senderId: 's', clientMsgId, atMs: this.#nowMs });
    return this;
  }
  /** `'x1'` is message x at seq 1; `'1'` the message there, as an archive tells it that does not know its sender's id. */
  shows(clientId: string, receipts: string, epoch = 'e1'): this {
    for (const receipt of receipts.split(' ')) this.#receives(clientId, receipt, epoch);
    return this;
  }
  showsText(clientId: string, receipt: string, content: string): this {
    return this.#receives(clientId, receipt, 'e1', content);
  }
  /** The server came back with the room at `keptSeq` of its line. */
  stepsBack(keptSeq: number, more: { epoch?: string; keepsAcked?: boolean } = {}): this {
    this.checker.steppedBack({ roomId: ROOM, epoch: 'e1', keptSeq, atMs: (this.#nowMs += 10), ...more });
    this.#nowMs += 10;
    return this;
  }
  hearsOfTheEnd(clientId: string, epoch = 'e1'): this {
    this.checker.epochEnded({ clientId, roomId: ROOM, epoch });
    return this;
  }
  leaves(clientId: string, seq?: number): this {
    this.checker.left({ clientId, roomId: ROOM, seq });
    return this;
  }

  /** The verdict in short: `'lost b 1-2'`. */
  found(): string[] {
    return this.checker
      .check()
      .map(({ kind, clientId, seq, toSeq }) =>
        [kind, clientId, seq === toSeq ? seq : `${seq}-${toSeq}`].filter(Boolean).join(' '),
      );
  }

  #receives(
    clientId: string,
    receipt: string,
    epoch: string,
    content?: string,
    deleted = false,
    readFromMs?: number,
  ): this {
    const message = messageOf(receipt);
    const atMs = (this.#nowMs += 10);
    this.checker.received({ clientId, roomId: ROOM, epoch, atMs, ...message, content, deleted, readFromMs });
    return this;
  }

  #gives(
    clientId: string,
    receipt: string,
    more: { content?: string; deleted: boolean; readFromMs: number },
  ): this {
    const atMs = (this.#nowMs += 10);
    this.checker.read({ clientId, roomId: ROOM, epoch: 'e1', atMs, ...messageOf(receipt), ...more });
    return this;
  }
}

function messageOf(receipt: string) {
  const [, clientMsgId, seq] = /^([a-z]*)(\d+)$/.exec(receipt) ?? [];
  return { seq: Number(seq), ...(clientMsgId ? { senderId: 's', clientMsgId } : {}) };
}

/** Of two members, `a` and `b`, that are there from the start. */
export const story = (): Story => new Story().joins(0, 'a', 'b');
