import type { ParleyClient } from '@parley/client';
import type { AckFrame, ErrorFrame } from '@parley/protocol';
import { isAtEnd, withAck, withSends, type OutgoingMessage } from '../../timeline/timeline.js';
import { serverClock } from '../../server-clock.js';
import type { HistoryLoader } from '../history/history-loader.js';
import type { Reading } from '../reading/reading.js';
import type { ChatStore } from '../threads/chat-store.js';
import type { ThreadKey } from '../threads/thread-key.js';
import type { Drafts } from './drafts.js';
import { Outbox } from './outbox.js';
import type { OutboxEntry } from './outbox-entry.js';

/** What a sender stands on. */
export interface MessageSenderParts {
  readonly client: Pick<ParleyClient, 'send' | 'sendDirect' | 'withdraw' | 'state'>;
  readonly store: ChatStore;
  readonly reading: Reading;
  readonly history: HistoryLoader;
  readonly drafts: Drafts;
  /** The server has a message in this thread: now it has a room. */
  begun(key: ThreadKey): void;
}

/** Sends what the user writes, and shows in its thread what becomes of it. */
export class MessageSender {
  readonly #parts: MessageSenderParts;
  readonly #outbox: Outbox;

  constructor(parts: MessageSenderParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#outbox = new Outbox(
      {
        client: parts.client,
        me: parts.store.me,
        changed: (entries) => this.#show(entries),
        acked: (thread, ack) => this.#acked(thread, ack),
        returned: (entry, error) => this.#returned(entry, error),
      },
      signal,
    );
    // The one thing that can be done for what the browser does not keep.
    const warn = (event: Event) => this.#outbox.hasUnkept && event.preventDefault();
    window.addEventListener('beforeunload', warn, { signal });
  }

  /** Sends what was kept, and what waits. Call when the connection is there, too. */
  wake(): void {
    this.#outbox.wake();
  }

  /** @returns False when too much waits already: the text is still the caller's. */
  send(key: ThreadKey, text: string): boolean {
    const { store, history } = this.#parts;
    if (!this.#outbox.add(key, text)) return false;
    store.update(key, (thread) => ({ ...thread, unreadAfter: undefined, refusal: undefined }));
    if (!isAtEnd(store.thread(key).timeline)) void history.loadLatest(key);
    return true;
  }

  /** Sends one that was refused again. */
  sendAgain(clientMsgId: string): void {
    void this.#outbox.sendAgain(clientMsgId);
  }

  /** Drops one that was refused. */
  discard(clientMsgId: string): void {
    void this.#outbox.discard(clientMsgId);
  }

  /** Shows in each thread what of the outbox is its own: threads come and go. */
  show(): void {
    this.#show(this.#outbox.entries);
  }

  #show(entries: readonly OutboxEntry[]): void {
    const { store } = this.#parts;
    const sends = new Map<ThreadKey, OutgoingMessage[]>();
    for (const [key, { timeline }] of store.get().threads)
      if (timeline.outgoing.length > 0) sends.set(key, []);
    let waiting = 0;
    for (const { thread, clientMsgId, text, createdAtMs, errorCode } of entries) {
      if (errorCode === undefined) waiting++;
      const status = errorCode === undefined ? 'pending' : 'failed';
      const send = {
        clientMsgId,
        text,
        createdAtMs,
        status,
        ...(errorCode !== undefined && { errorCode }),
      } as const;
      const others = sends.get(thread) ?? [];
      sends.set(thread, [...others, send]);
    }
    for (const [key, list] of sends) {
      store.updateTimeline(key, (timeline) => withSends(timeline, list, store.me.userId));
    }
    const outbox = { waiting, isDurable: this.#outbox.isDurable };
    const before = store.get().outbox;
    if (outbox.waiting !== before.waiting || outbox.isDurable !== before.isDurable) store.patch({ outbox });
  }

  /** What the room does not allow is where it was written again, and is sent by its author or not at all. */
  #returned({ thread: key, text }: OutboxEntry, { code, until, retryAfterMs }: ErrorFrame): void {
    const { drafts, store } = this.#parts;
    const nowMs = serverClock.nowMs();
    const end = until || (retryAfterMs === undefined ? undefined : nowMs + retryAfterMs);
    drafts.putBack(key, text);
    const refusal = { code, ...(end !== undefined && { until: end }) };
    store.update(key, (thread) => ({ ...thread, refusal }));
  }

  #acked(
    key: ThreadKey,
    { clientMsgId, roomId, seq }: Pick<AckFrame, 'clientMsgId' | 'roomId' | 'seq'>,
  ): void {
    const { begun, store, reading } = this.#parts;
    store.updateTimeline(key, (timeline) => withAck(timeline, clientMsgId, seq));
    store.update(key, (thread) => ({ ...thread, roomId, refusal: undefined }));
    begun(key);
    reading.markRead(key, seq);
  }
}
