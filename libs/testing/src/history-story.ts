import { HistoryChecker, type HistoryCheckerOptions } from './history-checker.js';

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

  #receives(clientId: string, receipt: string, epoch: string, content?: string): this {
    const [, clientMsgId, seq] = /^([a-z]*)(\d+)$/.exec(receipt) ?? [];
    const place = { clientId, roomId: ROOM, seq: Number(seq), epoch, atMs: (this.#nowMs += 10) };
    const message = clientMsgId ? { senderId: 's', clientMsgId } : {};
    this.checker.received({ ...place, ...message, content });
    return this;
  }
}

/** Of two members, `a` and `b`, that are there from the start. */
export const story = (): Story => new Story().joins(0, 'a', 'b');
