import { ApiError, type ParleyApi, type ParleyClient } from '@parley/client';
import {
  CloseCode,
  type AckFrame,
  type ActInput,
  type Message,
  type Room,
  type User,
} from '@parley/protocol';
import type { Watchable } from '../observable.js';
import { Retries } from '../retries.js';
import { firstRoomId } from '../routing/route.js';
import { onLobby, type RoomDoor, type RoomRecords } from './host-calls.js';
import { watchServerClock } from './connection/server-clock.js';
import { ConnectionWatch } from './connection/connection-watch.js';
import { HistoryLoader } from './history/history-loader.js';
import { ThreadFollower } from './history/thread-follower.js';
import { JoinedRooms } from './joining/joined-rooms.js';
import { membersIn, Presence } from './lists/presence.js';
import { LiveRooms } from './lists/live-rooms.js';
import { SidebarLists } from './lists/sidebar-lists.js';
import { ReadPositions } from './reading/read-positions.js';
import { ReadSync } from './reading/read-sync.js';
import { Reading } from './reading/reading.js';
import { withOpened } from './reading/unread.js';
import { Drafts } from './sending/drafts.js';
import { MessageSender } from './sending/message-sender.js';
import type { ChatState, Member } from './threads/chat-state.js';
import { ChatStore } from './threads/chat-store.js';
import { parseKey, roomKey, type ThreadKey } from './threads/thread-key.js';

/** What a chat session stands on. */
export interface ChatSessionOptions {
  readonly api: ParleyApi;
  readonly client: ParleyClient;
  readonly me: User;
  /** Of a guest: the only room there is. He has no lists. */
  readonly guestOf?: number;
  /** The server does not take the token any more: it was logged out, or is none (any more). */
  readonly onEnded: (why: SessionEnd) => void;
  /** @defaultValue Math.random */
  readonly random?: () => number;
}

/** Why a session is over. `revoked`: logged out, here or elsewhere. `expired`: its token is too old, or of another server. */
export type SessionEnd = 'revoked' | 'expired';

/**
 * Everything a logged-in user sees and does, around one connection. Pages read `shown` and call methods;
 * methods never throw, failures become part of the state.
 *
 * It only puts its parts together. Each has a folder; which may know which is in eslint.config.mjs.
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
  readonly #retries: Retries;
  readonly #store: ChatStore;
  readonly #reading: Reading;
  readonly #presence: Presence;
  readonly #lists: SidebarLists;
  readonly #liveRooms: LiveRooms;
  readonly #sync: ReadSync;
  readonly #history: HistoryLoader;
  readonly #follower: ThreadFollower;
  readonly #rooms: JoinedRooms;
  readonly #sender: MessageSender;
  readonly #connection: ConnectionWatch;

  constructor(options: ChatSessionOptions) {
    const { api, client, me, random } = options;
    const { signal } = this.#stop;
    const failed = (error: unknown) => this.#failed(error);
    const positions = new ReadPositions(me.userId, () => this.#reading.readElsewhere(), signal);
    const store = new ChatStore(me, (key) => positions.readTo(key));
    const reading = new Reading(store, positions, (roomId, seq) => client.markRead(roomId, seq));
    const retries = new Retries(random && { random });
    const shown = () => this.#shown.signal;
    const presence = new Presence(store, api, retries, failed);
    const history = new HistoryLoader({
      api,
      retries,
      shown,
      me: me.userId,
      get: (key) => store.thread(key),
      findRoom: (key) => this.#lists.findConversation(parseKey(key).id),
      update: (key, change) => store.update(key, change),
      failed,
      settled: (key) => this.#follower.settled(key),
    });
    this.#options = options;
    this.#retries = retries;
    this.me = me;
    this.guestOf = options.guestOf;
    this.state = store.state;
    this.drafts = new Drafts(me.userId, signal);
    this.shown = store.shown;
    this.#store = store;
    this.#reading = reading;
    this.#presence = presence;
    this.#lists = new SidebarLists(
      {
        api,
        store,
        retries,
        loaded: () => this.#listed(),
        roomsRead: (version) => this.#liveRooms.pageRead(version),
        removed: (roomIds) => this.#rooms.removed(roomIds),
        failed,
        ...(random && { random }),
      },
      signal,
    );
    this.#liveRooms = new LiveRooms(
      {
        store,
        readAgain: () => this.#lists.readAgain(),
        removed: (roomIds) => this.#lists.unlisted(roomIds),
        ...(random && { random }),
      },
      signal,
    );
    const sync = new ReadSync(
      {
        api,
        client,
        store,
        positions,
        reading,
        retries,
        follows: (roomIds) => this.#rooms.follow(roomIds),
        left: (roomId) => this.#leftElsewhere(roomId),
        failed,
        ...(random && { random }),
      },
      signal,
    );
    this.#sync = sync;
    this.#history = history;
    this.#follower = new ThreadFollower(store, reading, history);
    this.#rooms = new JoinedRooms({
      ...{ api, client, store, positions, sync, presence, shown },
      home: options.guestOf ?? firstRoomId,
    });
    this.#sender = new MessageSender(
      { client, store, reading, history, drafts: this.drafts, begun: (key) => this.#rooms.begun(key) },
      signal,
    );
    this.#connection = new ConnectionWatch(store, client, (wasLost) => this.#online(wasLost));
  }

  /** Connects and loads what the sidebar shows. */
  start(): void {
    const { client } = this.#options;
    const offs = [
      client.on('state', (event) => this.#connection.changed(event)),
      client.on('message', (message) => this.#follower.arrived(message)),
      client.on('event', ({ entry }) => this.#follower.arrived(entry)),
      client.on('roomState', ({ roomId, state }) => this.#rooms.stands(roomId, state)),
      client.on('putOut', ({ roomId, ...putOut }) => this.#rooms.putOut(roomId, putOut)),
      client.on('error', ({ code, roomId, until }) => this.#rooms.refused(roomId, code, until)),
      client.on('waiting', ({ roomId, state }) => {
        if (state === 'admitted') this.comeBack(roomId);
      }),
      client.on('direct', (message) => this.#arrivedDirect(message)),
      client.on('joined', (frame) => {
        this.#rooms.joined(frame);
        this.#follower.fillActive();
      }),
      client.on('info', (frame) => this.#announced(frame.roomId, frame.count, membersIn(frame))),
      client.on('count', ({ roomId, count }) => this.#announced(roomId, count)),
      client.on('epoch', ({ roomId }) => this.#follower.broken(roomId)),
      client.on('gaveUp', ({ what, roomId, reason }) => {
        // Told with the refusal itself.
        if (reason === 'BANNED' || reason === 'WAITING') return;
        if (what === 'messages' && roomId !== undefined) this.#follower.lost(roomId, reason);
      }),
      client.on('read', (state) => this.#sync.told(state)),
      client.on('watching', ({ version }) => this.#liveRooms.watching(version)),
      client.on('rooms', ({ version, rooms, removed }) => this.#liveRooms.changed(version, rooms, removed)),
      client.on('ended', ({ code }) => {
        if (code === CloseCode.sessionRevoked) this.#options.onEnded('revoked');
        else if (code === CloseCode.unauthenticated) this.#options.onEnded('expired');
      }),
    ];
    this.#stop.signal.addEventListener('abort', () => offs.forEach((off) => off()));
    watchServerClock(client, this.#store, this.#stop.signal);
    this.#connection.start(this.#stop.signal);
    client.connect();
    if (this.guestOf === undefined) client.watch();
    this.#rooms.start();
    void this.#sync.load();
    this.#sender.wake();
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
    this.#retries.hurry(0);
  }

  /** Loads the first pages of rooms and conversations again. */
  refresh(): Promise<void> {
    if (this.guestOf !== undefined) return this.#lists.readOne(this.guestOf);
    return this.#lists.refresh();
  }

  /** Loads the next page of a list, if there is one. */
  loadMore(list: 'rooms' | 'conversations'): void {
    void this.#lists.more(list);
  }

  /** Makes a room, listed or private, and shows it in the list. @throws {ApiError} */
  createRoom(name: string, options?: { readonly listed: boolean }): Promise<Room> {
    return this.#lists.createRoom(name, options);
  }

  /** Shows a room or conversation: joins it and loads its newest messages. `undefined` shows none. */
  open(key: ThreadKey | undefined): void {
    const previous = this.#store.get().active;
    if (previous && previous !== key)
      this.#store.update(previous, (thread) => ({ ...thread, unreadAfter: undefined }));
    this.#reading.stop();
    this.#shown.abort();
    this.#shown = new AbortController();
    this.#store.patch({ active: key });
    if (!key) return;
    this.#store.update(key, withOpened);
    const { phase } = this.#store.thread(key);
    this.#rooms.open(key);
    const { kind, id } = parseKey(key);
    if (kind === 'room') void this.#lists.include(id);
    this.#sender.show();
    if (phase !== 'ready') void this.#history.loadLatest(key);
    else this.#follower.fillActive();
  }

  /** Leaves a room: it is not followed any more. */
  leave(roomId: number): void {
    this.#rooms.leave(roomId);
    if (this.#store.get().active === roomKey(roomId)) this.#store.patch({ active: undefined });
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
    this.#store.update(key, (thread) => ({ ...thread, phase: 'idle', putOut: undefined }));
    if (this.#store.get().active === key) this.open(key);
  }

  /** Everything is read, on all devices. */
  markAllRead(): void {
    void this.#sync.markAll();
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
    const { unreadAfter } = this.#store.thread(key);
    if (unreadAfter !== undefined) await this.loadBackTo(key, unreadAfter + 1);
  }

  /** Loads what is between the first message on the page and this one, up to a bound. */
  loadBackTo(key: ThreadKey, seq: number): Promise<void> {
    return this.#history.loadBackTo(key, seq);
  }

  loadOlder(key: ThreadKey): void {
    void this.#history.loadOlder(key);
  }

  loadNewer(key: ThreadKey): void {
    void this.#history.loadNewer(key);
  }

  /** Loads the newest messages, whatever is shown now. */
  loadLatest(key: ThreadKey): void {
    void this.#history.loadLatest(key);
  }

  /**
   * Whether the newest message is on the screen, in a visible tab: then everything that arrives is read.
   *
   * @param isReading - Undefined: nothing of the thread is on the screen.
   */
  setReading(key: ThreadKey, isReading: boolean | undefined): void {
    this.#reading.set(key, isReading);
    this.#follower.fillActive();
  }

  /** Sends. @returns False when too much waits already: the text is still the caller's. */
  send(key: ThreadKey, text: string): boolean {
    return this.#sender.send(key, text);
  }

  /** Sends one that was refused again. */
  sendAgain(clientMsgId: string): void {
    this.#sender.sendAgain(clientMsgId);
  }

  /** Drops one that was refused. */
  discard(clientMsgId: string): void {
    this.#sender.discard(clientMsgId);
  }

  /** Of a conversation the gateway tells who has it open, which is not who is there. */
  #announced(roomId: number, count: number, members?: readonly Member[]): void {
    const isRoom = this.#store.keyOfRoom(roomId).startsWith('room:');
    if (isRoom) this.#presence.changed(roomId, count, members);
  }

  #arrivedDirect(message: Message): void {
    this.#follower.arrived(message);
    this.#lists.used(message);
    this.#rooms.begun(this.#store.keyOf(message));
  }

  /** The lists know rooms of conversations that the page may be waiting for. */
  #listed(): void {
    this.#sync.listed();
    this.#follower.fillActive();
    const { active } = this.#store.get();
    if (!active) return;
    if (this.#store.thread(active).phase === 'idle') this.open(active);
    else this.#rooms.begun(active);
  }

  /** Whoever still reads it here follows it again. */
  #leftElsewhere(roomId: number): void {
    if (this.#store.get().active !== roomKey(roomId)) this.#rooms.left(roomId);
  }

  /** What happened while away: conversations have no join that would tell. */
  #online(wasLost: boolean): void {
    if (wasLost) this.#sync.loadSoon();
    this.#sender.wake();
    this.#retries.hurry();
    if (wasLost && this.guestOf === undefined) this.#lists.refreshSoon();
  }

  #failed(error: unknown): void {
    const isRefused = error instanceof ApiError && error.status === 401;
    if (!isRefused || this.#stop.signal.aborted) return;
    this.#options.onEnded(error.code === 'SESSION_REVOKED' ? 'revoked' : 'expired');
  }
}
