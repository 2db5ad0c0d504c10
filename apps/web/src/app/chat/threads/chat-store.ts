import type { Entry, User } from '@parley/protocol';
import { Observable, type Watchable } from '../../observable.js';
import { paced } from '../../paced.js';
import type { Timeline } from '../../timeline/timeline.js';
import { initialChatState, threadOf, withEntry, type ChatState } from './chat-state.js';
import { emptyThread, type Thread } from './thread.js';
import { keyOf, roomKey, userKey, type ThreadKey } from './thread-key.js';

/**
 * Changes are shown this often, milliseconds, in the frame after: every fourth of 60 a second. With a key and a frame behind it,
 * nothing is a tenth of a second late. Chosen by measuring.
 */
const SHOW_INTERVAL_MS = 56;

/** The state of a chat session, and the ways in which its parts change it. */
export class ChatStore {
  readonly state = new Observable<ChatState>(initialChatState);
  /** `state` for the eye: in a busy room many messages are one change. */
  readonly shown: Watchable<ChatState> = paced(this.state, SHOW_INTERVAL_MS);
  readonly #readTo: (key: ThreadKey) => number | undefined;

  /**
   * @param me - Whose session it is.
   * @param readTo - How far a thread that is touched for the first time was read before.
   */
  constructor(
    readonly me: User,
    readTo: (key: ThreadKey) => number | undefined,
  ) {
    this.#readTo = readTo;
  }

  get(): ChatState {
    return this.state.get();
  }

  patch(fields: Partial<ChatState>): void {
    this.state.patch(fields);
  }

  /** An empty one when it was never touched. */
  thread(key: ThreadKey): Thread {
    return threadOf(this.get(), key);
  }

  update(key: ThreadKey, change: (thread: Thread) => Thread): void {
    const { threads } = this.get();
    const known = threads.get(key) ?? { ...emptyThread, readTo: this.#readTo(key) };
    this.patch({ threads: withEntry(threads, key, change(known)) });
  }

  updateTimeline(key: ThreadKey, change: (timeline: Timeline) => Timeline): void {
    this.update(key, (thread) => ({ ...thread, timeline: change(thread.timeline) }));
  }

  /** Drops all that is known of a thread. */
  forget(key: ThreadKey): void {
    const threads = new Map(this.get().threads);
    threads.delete(key);
    this.patch({ threads });
  }

  keyOf(message: Entry): ThreadKey {
    return keyOf(message, this.me.userId);
  }

  /** The thread with this room id: a conversation has one, too. */
  keyOfRoom(roomId: number): ThreadKey {
    const direct = this.get().conversations.find((conversation) => conversation.roomId === roomId);
    return direct ? userKey(direct.peer.userId) : roomKey(roomId);
  }
}
