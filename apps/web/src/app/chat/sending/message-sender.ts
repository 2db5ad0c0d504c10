import { newClientMsgId, type ParleyClient, type PendingSend } from '@parley/client';
import { isAtEnd, withAck, withFailure, withoutSend, withSend } from '../../timeline/timeline.js';
import type { HistoryLoader } from '../history/history-loader.js';
import type { Reading } from '../reading/reading.js';
import type { ChatStore } from '../threads/chat-store.js';
import { parseKey, type ThreadKey } from '../threads/thread-key.js';

/** What a sender stands on. */
export interface MessageSenderParts {
  readonly client: Pick<ParleyClient, 'send' | 'sendDirect'>;
  readonly store: ChatStore;
  readonly reading: Reading;
  readonly history: HistoryLoader;
}

/** Sends what the user writes, and shows what becomes of it. */
export class MessageSender {
  readonly #parts: MessageSenderParts;
  readonly #signal: AbortSignal;

  /** @param signal - The session's end: answers that come later change nothing. */
  constructor(parts: MessageSenderParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Sends, or sends again when `clientMsgId` is given. */
  send(key: ThreadKey, text: string, clientMsgId: string = newClientMsgId()): void {
    const { store, history } = this.#parts;
    store.update(key, (thread) => ({
      ...thread,
      timeline: withSend(thread.timeline, clientMsgId, text, Date.now()),
      unreadAfter: undefined,
    }));
    if (!isAtEnd(store.thread(key).timeline)) void history.loadLatest(key);
    void this.#follow(key, this.#hand(key, text, clientMsgId));
  }

  /** Drops a send that failed. */
  discard(key: ThreadKey, clientMsgId: string): void {
    this.#parts.store.updateTimeline(key, (timeline) => withoutSend(timeline, clientMsgId));
  }

  #hand(key: ThreadKey, text: string, clientMsgId: string): PendingSend {
    const { client } = this.#parts;
    const { kind, id } = parseKey(key);
    return kind === 'room'
      ? client.send(id, text, { clientMsgId })
      : client.sendDirect(id, text, { clientMsgId });
  }

  async #follow(key: ThreadKey, { clientMsgId, result }: PendingSend): Promise<void> {
    const { store, reading } = this.#parts;
    const outcome = await result;
    if (this.#signal.aborted) return;
    if (outcome.status === 'acked') {
      const { seq, roomId } = outcome.ack;
      store.updateTimeline(key, (timeline) => withAck(timeline, clientMsgId, seq));
      store.update(key, (thread) => ({ ...thread, roomId }));
      reading.markRead(key, seq);
    } else {
      const code = outcome.status === 'refused' ? outcome.error.code : outcome.reason;
      store.updateTimeline(key, (timeline) => withFailure(timeline, clientMsgId, code));
    }
  }
}
