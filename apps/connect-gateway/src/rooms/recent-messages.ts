import type { EncodedMessage } from '../connections/encoded-message.js';

/** How many messages a room keeps at hand for those who are a little behind. */
const CAPACITY = 256;
/** Bytes of them, for one room; the newest one is kept, however large. */
export const MAX_ROOM_BYTES = 4 * 1024 * 1024;
/** Bytes of them over all rooms of a gateway. */
export const MAX_RECENT_BYTES = 64 * 1024 * 1024;

/** What a message takes at the most: its text, two bytes a character, and its frame on either transport. */
const heldBytes = ({ bytes }: EncodedMessage): number => 4 * bytes;

/** Holds the recent messages of all rooms to a number of bytes: those of the room written to longest ago go first. */
export class RecentBudget {
  private used = 0;
  /** In the order of their last message. */
  private readonly holders = new Set<RecentMessages>();

  constructor(private readonly maxBytes = MAX_RECENT_BYTES) {}

  get usedBytes(): number {
    return this.used;
  }

  /** Says that a room holds so many bytes more, or less, than before. */
  changed(holder: RecentMessages, bytes: number): void {
    this.used += bytes;
    this.holders.delete(holder);
    if (holder.bytes > 0) this.holders.add(holder);
    for (const oldest of this.holders) {
      if (this.used <= this.maxBytes || oldest === holder) return;
      oldest.clear();
    }
  }
}

/** The newest messages of a room, consecutive and ascending. */
export class RecentMessages {
  private messages: EncodedMessage[] = [];
  private held = 0;

  constructor(private readonly budget = new RecentBudget()) {}

  /** What they take, bytes. */
  get bytes(): number {
    return this.held;
  }

  push(messages: readonly EncodedMessage[]): void {
    const before = this.held;
    for (const message of messages) this.held += heldBytes(message);
    this.messages.push(...messages);
    // Trimmed now and then, not each time: moving the array costs more than holding a few more.
    if (this.messages.length > 2 * CAPACITY || this.held > MAX_ROOM_BYTES) this.trim();
    this.budget.changed(this, this.held - before);
  }

  clear(): void {
    const { held } = this;
    if (held === 0) return;
    this.messages = [];
    this.held = 0;
    this.budget.changed(this, -held);
  }

  /** Messages after `seq`, or undefined when they do not reach back that far. */
  after(seq: number): readonly EncodedMessage[] | undefined {
    const first = this.messages[0];
    if (!first || first.seq > seq + 1) return undefined;
    return this.messages.slice(seq + 1 - first.seq);
  }

  /** Down to the capacity, and to half of the bytes, so that the next message does not trim again. */
  private trim(): void {
    let first = this.messages.length;
    let held = 0;
    const most = this.held > MAX_ROOM_BYTES ? MAX_ROOM_BYTES / 2 : MAX_ROOM_BYTES;
    while (first > Math.max(0, this.messages.length - CAPACITY)) {
      const bytes = heldBytes(this.messages[first - 1] as EncodedMessage);
      if (held > 0 && held + bytes > most) break;
      held += bytes;
      first--;
    }
    this.messages = this.messages.slice(first);
    this.held = held;
  }
}
