import type { EncodedMessage } from '../connections/encoded-message.js';

/** How many messages a room keeps at hand for those who are a little behind. */
const CAPACITY = 256;

/** The newest messages of a room, consecutive and ascending. */
export class RecentMessages {
  private messages: EncodedMessage[] = [];

  push(messages: readonly EncodedMessage[]): void {
    this.messages.push(...messages);
    // Trimmed now and then, not each time: moving the array costs more than holding a few more.
    if (this.messages.length > 2 * CAPACITY) this.messages = this.messages.slice(-CAPACITY);
  }

  clear(): void {
    this.messages = [];
  }

  /** Messages after `seq`, or undefined when they do not reach back that far. */
  after(seq: number): readonly EncodedMessage[] | undefined {
    const first = this.messages[0];
    if (!first || first.seq > seq + 1) return undefined;
    return this.messages.slice(seq + 1 - first.seq);
  }
}
