import { z } from 'zod';
import type { ThreadKey } from '../threads/thread-key.js';

const wordSchema = z.discriminatedUnion('say', [
  /** What is kept has changed: read it again. */
  z.object({ say: z.literal('changed') }),
  /** The server has a message. */
  z.object({
    say: z.literal('acked'),
    thread: z.templateLiteral([z.enum(['room', 'user']), ':', z.number()]),
    clientMsgId: z.string(),
    roomId: z.number(),
    seq: z.number(),
  }),
  /** Does a tab send, and can it? */
  z.object({ say: z.literal('who') }),
  z.object({ say: z.literal('here') }),
  /** This tab sends from now on. */
  z.object({ say: z.literal('leading') }),
]);

/** What a user's tabs tell each other. */
export type TabWord =
  | { readonly say: 'changed' | 'who' | 'here' | 'leading' }
  | {
      readonly say: 'acked';
      readonly thread: ThreadKey;
      readonly clientMsgId: string;
      readonly roomId: number;
      readonly seq: number;
    };

/** Undefined where the browser has none, or refuses it: as Firefox where sites may keep nothing. */
function opened(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}

/**
 * A line to the same user's other tabs. What is said here is not heard here. Where there is none each tab is alone: all of them
 * send what they share, and the server takes each once.
 */
export class TabChannel {
  readonly #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<(word: TabWord) => void>();
  #isClosed = false;

  constructor(userId: number) {
    this.#channel = opened(`parley.outbox.${userId}`);
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data }) => {
      const parsed = wordSchema.safeParse(data);
      if (!parsed.success) return;
      for (const listener of [...this.#listeners]) listener(parsed.data as TabWord);
    };
  }

  /** @returns A function that removes the listener. */
  hear(listener: (word: TabWord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ignored after `close`: an answer may come to a session that has ended. */
  say(word: TabWord): void {
    if (!this.#isClosed) this.#channel?.postMessage(word);
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }
}
