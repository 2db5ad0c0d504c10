import type { ParleyApi, ParleyClient } from '@parley/client';
import type { ReadState, Unread } from '@parley/protocol';
import type { Retries } from '../../retries.js';
import type { ChatStore } from '../threads/chat-store.js';
import { parseKey, roomKey, type ThreadKey } from '../threads/thread-key.js';
import type { ReadPositions } from './read-positions.js';
import type { Reading } from './reading.js';
import { withReadState } from './unread.js';

/** What is unread is asked for this often, while the page is looked at, milliseconds: hints may have been lost. */
const ASK_AGAIN_MS = 60_000;
/**
 * The same for whoever follows more rooms than are joined: of those others nothing is delivered. They are few, each costs the
 * server a tenth of a list a second, and nobody else anything.
 */
const ASK_OFTEN_MS = 10_000;
/** Everybody is back at about the same time: each asks at a moment of its own within this. */
const SOON_MS = 3_000;

/** What the positions are kept in step with, and whom they tell. */
export interface ReadSyncParts {
  readonly api: Pick<ParleyApi, 'unread' | 'markAllRead'>;
  readonly client: Pick<ParleyClient, 'markRead'>;
  readonly store: ChatStore;
  readonly positions: ReadPositions;
  readonly reading: Reading;
  readonly retries: Retries;
  /** The rooms that the user follows, the most recently used first. @returns Whether all of them are joined now. */
  follows(roomIds: readonly number[]): boolean;
  /** The user has left a room on another device. */
  left(roomId: number): void;
  failed(error: unknown): void;
  readonly random?: () => number;
}

/** Keeps what is read in step with the server, and so with the user's other devices. */
export class ReadSync {
  readonly #parts: ReadSyncParts;
  readonly #signal: AbortSignal;
  #last: Unread['rooms'] = [];
  #isKnown = false;
  /** Rooms that were joined before it was known whether they had been read before, with their heads then. */
  readonly #joined = new Map<ThreadKey, number>();
  /** Of each question under way the rooms that were left since: its answer may have them still. */
  readonly #leftSince = new Set<Set<number>>();
  /** Rooms that were left here: an answer about one may be on its way. */
  readonly #left = new Set<number>();
  #questions = 0;
  /** The newest question that was answered. */
  #answered = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ReadSyncParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Asks what is unread, until there is an answer, and again after a while. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { api, client, follows, positions, retries, failed } = this.#parts;
    const leftSince = new Set<number>();
    this.#leftSince.add(leftSince);
    try {
      let question = 0;
      const asked = () => {
        leftSince.clear();
        question = ++this.#questions;
        return api.unread();
      };
      const answer = await retries.run(asked, { signal: this.#signal, failed });
      if (this.#signal.aborted || question < this.#answered) return;
      this.#answered = question;
      this.#last = answer.filter(({ roomId }) => !leftSince.has(roomId));
      for (const { roomId } of this.#last) this.#left.delete(roomId);
    } catch (error) {
      return failed(error);
    } finally {
      this.#leftSince.delete(leftSince);
    }
    this.listed();
    for (const { roomId, seq, kind } of this.#last) {
      // Read here while the server could not be told.
      const readTo = kind === 'room' ? positions.readTo(roomKey(roomId)) : undefined;
      if (readTo !== undefined && readTo > seq) client.markRead(roomId, readTo);
    }
    this.#isKnown = true;
    this.#parts.reading.known();
    const hearsAll = follows(this.#last.filter(({ kind }) => kind === 'room').map(({ roomId }) => roomId));
    for (const [key, head] of this.#joined) this.joined(key, head);
    this.#joined.clear();
    this.#timer = setTimeout(() => this.#again(), hearsAll ? ASK_AGAIN_MS : ASK_OFTEN_MS);
  }

  /** Asks again, soon and not with everybody else. */
  loadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), (this.#parts.random ?? Math.random)() * SOON_MS);
  }

  /** The lists are here, and say which rooms are conversations with whom. */
  listed(): void {
    for (const state of this.#last) this.#apply(state);
  }

  /** A room was joined. One that was never read begins here: it has no unread past. */
  joined(key: ThreadKey, head: number): void {
    this.#left.delete(parseKey(key).id);
    if (!this.#isKnown) return void this.#joined.set(key, head);
    const { reading, store } = this.#parts;
    const { readTo, unread } = store.thread(key);
    if (readTo === undefined) reading.markRead(key, head);
    else if (head > Math.max(readTo, unread.to)) this.loadSoon();
  }

  /** The server tells how far a room is read. */
  told(state: ReadState): void {
    if (!state.forgotten) return this.#left.has(state.roomId) ? undefined : this.#apply(state);
    this.#outdate(state.roomId);
    this.#parts.left(state.roomId);
  }

  /** A room is left: what was asked before does not bring it back, nor does the answer to what was read there. */
  left(roomId: number): void {
    this.#left.add(roomId);
    this.#outdate(roomId);
  }

  /** What is known of a room, or was asked for, is of before somebody left it. */
  #outdate(roomId: number): void {
    for (const leftSince of this.#leftSince) leftSince.add(roomId);
    this.#last = this.#last.filter((room) => room.roomId !== roomId);
  }

  /** Everything is read, on all devices. The server tells of each room. */
  async markAll(): Promise<void> {
    const { api, reading, store } = this.#parts;
    for (const [key, { timeline, unread }] of store.get().threads)
      reading.markRead(key, Math.max(timeline.head, unread.to, unread.later.at(-1) ?? 0));
    try {
      await api.markAllRead();
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  #apply(state: ReadState): void {
    const { positions, store } = this.#parts;
    const key = store.keyOfRoom(state.roomId);
    // A conversation whose peer is not known yet.
    if (this.#isDirect(state.roomId) && key === roomKey(state.roomId)) return;
    positions.markRead(key, state.seq);
    store.update(key, (thread) => ({ ...withReadState(thread, state), roomId: state.roomId }));
  }

  #isDirect(roomId: number): boolean {
    return this.#last.some((room) => room.roomId === roomId && room.kind === 'direct');
  }

  #again(): void {
    if (document.visibilityState === 'visible') void this.load();
    else this.#timer = setTimeout(() => this.#again(), ASK_OFTEN_MS);
  }
}
