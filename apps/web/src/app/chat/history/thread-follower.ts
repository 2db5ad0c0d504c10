import type { Entry } from '@parley/protocol';
import { isAtEnd, maxTimelineMessages } from '../../timeline/timeline.js';
import type { Reading } from '../reading/reading.js';
import { threadOf } from '../threads/chat-state.js';
import type { ChatStore } from '../threads/chat-store.js';
import { withArrived } from '../threads/thread.js';
import type { ThreadKey } from '../threads/thread-key.js';
import type { HistoryLoader } from './history-loader.js';

/** Keeps threads up with what the server delivers, and with what it did not. */
export class ThreadFollower {
  readonly #store: ChatStore;
  readonly #reading: Reading;
  readonly #history: HistoryLoader;

  constructor(store: ChatStore, reading: Reading, history: HistoryLoader) {
    this.#store = store;
    this.#reading = reading;
    this.#history = history;
  }

  /** A message was delivered. */
  arrived(message: Entry): void {
    const key = this.#store.keyOf(message);
    const me = this.#store.me.userId;
    const before = this.#store.thread(key);
    const isShown = this.#store.get().active === key;
    const isAway = isShown && this.#reading.isAway(key);
    const shownTo = isShown ? threadOf(this.#store.shown.get(), key).timeline.coveredTo : undefined;
    this.#store.update(key, (thread) => withArrived(thread, message, { me, isAway, shownTo }));
    this.#reading.advance(key);
    void this.#history.restore(key, [message]);
    const after = this.#store.thread(key).timeline;
    if (isShown && isAtEnd(before.timeline) && !isAtEnd(after)) void this.#history.loadNewer(key);
  }

  /** The thread may have changed: a reader who is at its end stays there, as far as it now goes. */
  settled(key: ThreadKey): void {
    this.#reading.advance(key);
    this.fillActive();
  }

  /**
   * A reader who is at the end stays there: what is missing is loaded, or skipped when it is too much. So does who reads a
   * room that was empty: there is no list yet to whose end he could come.
   */
  fillActive(): void {
    const { active } = this.#store.get();
    if (!active) return;
    const { phase, timeline, newer } = this.#store.thread(active);
    if (timeline.messages.length > 0 && !this.#reading.isReading(active)) return;
    if (phase !== 'ready' || newer !== 'idle' || isAtEnd(timeline)) return;
    if (timeline.head - timeline.coveredTo > maxTimelineMessages) void this.#history.loadLatest(active);
    else void this.#history.loadNewer(active);
  }

  /** The server lost data, and the numbering goes on elsewhere. */
  broken(roomId: number): void {
    const key = this.#store.keyOfRoom(roomId);
    this.#store.update(key, (thread) => ({ ...thread, hasBroken: true }));
    if (this.#store.get().active === key) void this.#history.loadLatest(key);
    else this.#store.update(key, (thread) => ({ ...thread, phase: 'idle' }));
  }

  /** The room was taken away, or the client could not page: what is shown may be incomplete. */
  lost(roomId: number, reason: string): void {
    const key = this.#store.keyOfRoom(roomId);
    const isGone = reason === 'ROOM_NOT_FOUND' || reason === 'FORBIDDEN';
    this.#store.update(key, (thread) => ({
      ...thread,
      phase: isGone ? 'missing' : 'failed',
      errorCode: reason,
    }));
    if (!isGone && this.#store.get().active === key) void this.#history.loadLatest(key);
  }
}
