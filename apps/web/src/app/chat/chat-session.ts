import type { AckFrame, ActInput, Room, User } from '@parley/protocol';
import type { Watchable } from '../observable.js';
import { onLobby, type RoomDoor, type RoomRecords } from './host-calls.js';
import { withOpened } from './reading/unread.js';
import type { Drafts } from './sending/drafts.js';
import { listen } from './session-events.js';
import type { ChatSessionOptions } from './session-options.js';
import { sessionParts, type SessionParts } from './session-parts.js';
import type { ChatState, Member } from './threads/chat-state.js';
import { parseKey, roomKey, type ThreadKey } from './threads/thread-key.js';

/**
 * Everything a logged-in user sees and does, around one connection. Pages read `shown` and call methods;
 * methods never throw, failures become part of the state.
 *
 * What it is made of is in session-parts.ts, and what the connection tells goes by session-events.ts.
 */
export class ChatSession {
  readonly me: User;
  readonly guestOf: number | undefined;
  readonly state: Watchable<ChatState>;
  /** `state` for the eye: in a busy room many messages are one change. */
  readonly shown: Watchable<ChatState>;
  readonly drafts: Drafts;
  readonly #options: ChatSessionOptions;
  readonly #stop = new AbortController();
  /** Aborted, and made anew, when what is on the screen changes. */
  #shown = new AbortController();
  readonly #parts: SessionParts;

  constructor(options: ChatSessionOptions) {
    this.#options = options;
    this.#parts = sessionParts(options, {
      signal: this.#stop.signal,
      shown: () => this.#shown.signal,
      open: (key) => this.open(key),
    });
    const { store, drafts } = this.#parts;
    this.me = options.me;
    this.guestOf = options.guestOf;
    this.state = store.state;
    this.shown = store.shown;
    this.drafts = drafts;
  }

  /** Connects and loads what the sidebar shows. */
  start(): void {
    const { client } = this.#options;
    const { signal } = this.#stop;
    const { connection, rooms, sync, sender } = this.#parts;
    listen(this.#options, this.#parts, (roomId) => this.comeBack(roomId), signal);
    connection.start(signal);
    client.connect();
    if (this.guestOf === undefined) client.watch();
    rooms.start();
    void sync.load();
    sender.wake();
    void this.refresh();
  }

  /** Ends the connection. The session is of no use afterwards. */
  stop(): void {
    this.#stop.abort();
    this.#shown.abort();
    void this.#options.client.close();
  }

  /** Tries now what waits for a better moment: the connection, and what could not be loaded. */
  reconnectNow(): void {
    this.#options.client.probe();
    this.#parts.retries.hurry(0);
  }

  /** Loads the first pages of rooms and conversations again. */
  refresh(): Promise<void> {
    if (this.guestOf !== undefined) return this.#parts.lists.readOne(this.guestOf);
    return this.#parts.lists.refresh();
  }

  /** Loads the next page of a list, if there is one. */
  loadMore(list: 'rooms' | 'conversations'): void {
    void this.#parts.lists.more(list);
  }

  /** Makes a room, listed or private, and shows it in the list. @throws {ApiError} */
  createRoom(name: string, options?: { readonly listed: boolean }): Promise<Room> {
    return this.#parts.lists.createRoom(name, options);
  }

  /** Shows a room or conversation: joins it and loads its newest messages. `undefined` shows none. */
  open(key: ThreadKey | undefined): void {
    const { store, reading, rooms, lists, sender, history, follower } = this.#parts;
    const previous = store.get().active;
    if (previous && previous !== key)
      store.update(previous, (thread) => ({ ...thread, unreadAfter: undefined }));
    reading.stop();
    this.#shown.abort();
    this.#shown = new AbortController();
    store.patch({ active: key });
    if (!key) return;
    store.update(key, withOpened);
    const { phase } = store.thread(key);
    rooms.open(key);
    const { kind, id } = parseKey(key);
    if (kind === 'room') void lists.include(id);
    sender.show();
    if (phase !== 'ready') void history.loadLatest(key);
    else follower.fillActive();
  }

  /** Leaves a room: it is not followed any more. */
  leave(roomId: number): void {
    const { rooms, store } = this.#parts;
    rooms.leave(roomId);
    if (store.get().active === roomKey(roomId)) store.patch({ active: undefined });
  }

  /**
   * Does something to a room that is joined.
   *
   * @returns The ack: it is in force for everything with a higher `seq`.
   * @throws {ClientError} The refusal. Unlike other failures it is not in the state: whoever asks says what became of it.
   */
  act(roomId: number, act: ActInput): Promise<AckFrame> {
    return this.#options.client.act(roomId, act);
  }

  /** What hosts look up of a room, and do at its door. @throws {ApiError} */
  get records(): RoomRecords {
    return this.#options.api;
  }

  get door(): RoomDoor {
    return this.#options.api;
  }

  /** Calls when who waits to be let into a room may have changed. @returns Ends that. */
  onLobby(roomId: number, listener: () => void): () => void {
    return onLobby(this.#options.client, roomId, listener);
  }

  /** Whoever was put out of a room asks to be let in again. */
  comeBack(roomId: number): void {
    const key = roomKey(roomId);
    const { store } = this.#parts;
    store.update(key, (thread) => ({ ...thread, phase: 'idle', putOut: undefined }));
    if (store.get().active === key) this.open(key);
  }

  /** Everything is read, on all devices. */
  markAllRead(): void {
    void this.#parts.sync.markAll();
  }

  /** Rooms and people by name; of each the first few. @throws {ApiError} */
  async search(
    text: string,
  ): Promise<{ readonly rooms: readonly Room[]; readonly users: readonly Member[] }> {
    const { api } = this.#options;
    const [{ rooms }, { users }] = await Promise.all([
      api.searchRooms(text, { limit: 10 }),
      api.searchUsers(text, { limit: 10 }),
    ]);
    return { rooms, users: users.filter(({ userId }) => userId !== this.me.userId) };
  }

  /** Loads what is between the first message on the page and where the user left off. */
  async loadUnread(key: ThreadKey): Promise<void> {
    const { unreadAfter } = this.#parts.store.thread(key);
    if (unreadAfter !== undefined) await this.loadBackTo(key, unreadAfter + 1);
  }

  /** Loads what is between the first message on the page and this one, up to a bound. */
  loadBackTo(key: ThreadKey, seq: number): Promise<void> {
    return this.#parts.history.loadBackTo(key, seq);
  }

  loadOlder(key: ThreadKey): void {
    void this.#parts.history.loadOlder(key);
  }

  loadNewer(key: ThreadKey): void {
    void this.#parts.history.loadNewer(key);
  }

  /** Loads the newest messages, whatever is shown now. */
  loadLatest(key: ThreadKey): void {
    void this.#parts.history.loadLatest(key);
  }

  /**
   * Whether the newest message is on the screen, in a visible tab: then everything that arrives is read.
   *
   * @param isReading - Undefined: nothing of the thread is on the screen.
   */
  setReading(key: ThreadKey, isReading: boolean | undefined): void {
    this.#parts.reading.set(key, isReading);
    this.#parts.follower.fillActive();
  }

  /** Sends. @returns False when too much waits already: the text is still the caller's. */
  send(key: ThreadKey, text: string): boolean {
    return this.#parts.sender.send(key, text);
  }

  /** Sends one that was refused again. */
  sendAgain(clientMsgId: string): void {
    this.#parts.sender.sendAgain(clientMsgId);
  }

  /** Drops one that was refused. */
  discard(clientMsgId: string): void {
    this.#parts.sender.discard(clientMsgId);
  }
}
