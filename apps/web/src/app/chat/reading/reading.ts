import { isAtEnd } from '../../timeline/timeline.js';
import type { ChatStore } from '../threads/chat-store.js';
import type { ThreadKey } from '../threads/thread-key.js';
import type { ReadPositions } from './read-positions.js';
import { withKnown, withRead } from './unread.js';

/** What the user has before their eyes, and how far that makes everything read. */
export class Reading {
  readonly #store: ChatStore;
  readonly #positions: ReadPositions;
  readonly #report: (roomId: number, seq: number) => void;
  /** Whether the server has said where the user left off. Until then nothing becomes read: it would be read unseen. */
  #isKnown = false;
  /** The thread whose newest message is on the screen, in a visible tab. */
  #current: ThreadKey | undefined;
  /** The thread that is on the screen otherwise. */
  #away: ThreadKey | undefined;

  /** @param report - Tells the server, and so the user's other devices. */
  constructor(store: ChatStore, positions: ReadPositions, report: (roomId: number, seq: number) => void) {
    this.#store = store;
    this.#positions = positions;
    this.#report = report;
  }

  /** Whether what arrives in this thread is seen at once. */
  isReading(key: ThreadKey): boolean {
    return this.#current === key;
  }

  /**
   * Whether who has this thread before them does not see what arrives: they have scrolled up, or the tab is hidden. While
   * nothing of it is on the screen yet they have left no place: they will begin at its end.
   */
  isAway(key: ThreadKey): boolean {
    return this.#away === key;
  }

  /** @param isReading - Undefined: nothing of the thread is on the screen. */
  set(key: ThreadKey, isReading: boolean | undefined): void {
    if (isReading) this.#current = key;
    else if (this.#current === key) this.#current = undefined;
    if (isReading === false) this.#away = key;
    else if (this.#away === key) this.#away = undefined;
    this.advance(key);
  }

  /** Nothing is read any more: another thread is opened. */
  stop(): void {
    this.#current = undefined;
    this.#away = undefined;
  }

  /** The server has said where the user left off. Whoever has a thread open is led there, and reads on. */
  known(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    const { active } = this.#store.get();
    if (active === undefined) return;
    this.#store.update(active, withKnown);
    if (this.#store.thread(active).unreadAfter !== undefined) this.stop();
    this.advance(active);
  }

  /** The thread has changed: whoever is at its end has read it all. */
  advance(key: ThreadKey): void {
    if (!this.#isKnown || !this.isReading(key)) return;
    const { timeline, phase } = this.#store.thread(key);
    if (phase === 'ready' && isAtEnd(timeline)) this.markRead(key, timeline.head);
  }

  markRead(key: ThreadKey, seq: number): void {
    const { roomId, readTo } = this.#store.thread(key);
    this.#positions.markRead(key, seq);
    this.#store.update(key, (thread) => withRead(thread, seq));
    if (roomId !== undefined && seq > (readTo ?? -1)) this.#report(roomId, seq);
  }

  /** Another tab has read further. */
  readElsewhere(): void {
    for (const [key] of this.#store.get().threads) {
      const seq = this.#positions.readTo(key);
      if (seq !== undefined) this.#store.update(key, (thread) => withRead(thread, seq));
    }
  }
}
