import { ApiError, ClientError, newClientMsgId, type ParleyApi, type ParleyClient } from '@parley/client';
import type { Message, Room, User } from '@parley/protocol';
import { Observable } from '../observable.js';
import { firstRoomId } from '../routing/route.js';
import {
  isAtEnd,
  maxTimelineMessages,
  withAck,
  withFailure,
  withoutSend,
  withSend,
  type Timeline,
} from '../timeline/timeline.js';
import {
  initialChatState,
  threadOf,
  withConversation,
  withEntry,
  type ChatState,
  type Member,
} from './chat-state.js';
import { connectionInfo } from './connection-info.js';
import { HistoryLoader } from './history-loader.js';
import { ReadPositions } from './read-positions.js';
import { SidebarLists, type SidebarPart } from './sidebar-lists.js';
import { emptyThread, withArrived, withHead, withOpened, withRead, type Thread } from './thread.js';
import { keyOf, parseKey, peerOf, roomKey, userKey, type ThreadKey } from './thread-key.js';

/** What a chat session stands on. */
export interface ChatSessionOptions {
  readonly api: ParleyApi;
  readonly client: ParleyClient;
  readonly me: User;
  /** The server does not take the token any more. */
  readonly onExpired: () => void;
  /** @defaultValue Math.random */
  readonly random?: () => number;
}

/** Close codes that say "log in again". See libs/protocol, close-codes.ts. */
const loggedOutCodes: ReadonlySet<number> = new Set([4500, 4501]);

/**
 * Everything a logged-in user sees and does, around one connection. Pages read `state` and call methods;
 * methods never throw, failures become part of the state.
 */
export class ChatSession {
  readonly state = new Observable<ChatState>(initialChatState);
  readonly me: User;
  readonly #options: ChatSessionOptions;
  readonly #stop = new AbortController();
  readonly #positions: ReadPositions;
  readonly #history: HistoryLoader;
  readonly #lists: SidebarLists;
  /** The thread whose newest message is on the screen, in a visible tab. */
  #reading: ThreadKey | undefined;
  #retryAtMs: number | undefined;

  constructor(options: ChatSessionOptions) {
    this.#options = options;
    this.me = options.me;
    this.#positions = new ReadPositions(this.me.userId, () => this.#readElsewhere(), this.#stop.signal);
    this.#lists = new SidebarLists(
      {
        api: options.api,
        rooms: () => this.state.get().rooms,
        conversations: () => this.state.get().conversations,
        loaded: (part) => this.#loaded(part),
        failed: (error) => {
          this.#failed(error);
          if (this.state.get().roomsPhase !== 'ready') this.state.patch({ roomsPhase: 'failed' });
        },
        ...(options.random && { random: options.random }),
      },
      this.#stop.signal,
    );
    this.#history = new HistoryLoader({
      api: options.api,
      me: this.me.userId,
      get: (key) => threadOf(this.state.get(), key),
      update: (key, change) => this.#update(key, change),
      failed: (error) => this.#failed(error),
      settled: (key) => {
        this.#advanceReading(key);
        this.#fillActive();
      },
    });
  }

  /** Connects and loads what the sidebar shows. */
  start(): void {
    const { client } = this.#options;
    const offs = [
      client.on('state', ({ retryInMs }) => {
        this.#retryAtMs = retryInMs === undefined ? undefined : performance.now() + retryInMs;
        this.#connectionChanged();
      }),
      client.on('message', (message) => this.#arrived(message)),
      client.on('direct', (message) => this.#arrived(message)),
      client.on('joined', (frame) => this.#joined(frame.roomId, frame.head, frame.resumed)),
      client.on('info', ({ roomId, count, roomUserInfo }) => {
        const members = Object.entries(roomUserInfo).map(([id, userName]) => ({
          userId: Number(id),
          userName,
        }));
        this.#presence(roomId, count, members);
      }),
      client.on('count', ({ roomId, count }) => this.#presence(roomId, count)),
      client.on('epoch', ({ roomId }) => this.#broken(roomId)),
      client.on('gaveUp', ({ what, roomId, reason }) => {
        if (what === 'messages' && roomId !== undefined) this.#lost(roomId, reason);
      }),
      client.on('ended', ({ code }) => {
        if (loggedOutCodes.has(code)) this.#options.onExpired();
      }),
    ];
    this.#stop.signal.addEventListener('abort', () => offs.forEach((off) => off()));
    for (const event of ['online', 'offline'] as const) {
      window.addEventListener(event, () => this.#connectionChanged(), { signal: this.#stop.signal });
    }
    client.connect();
    // Without a room there is no connection, and direct messages would wait until one is opened.
    const rooms = this.#positions.openRooms.length > 0 ? this.#positions.openRooms : [firstRoomId];
    for (const roomId of rooms) this.#join(roomKey(roomId), roomId);
    void this.refresh();
  }

  /** Ends the connection. The session is of no use afterwards. */
  stop(): void {
    this.#stop.abort();
    void this.#options.client.close();
  }

  /** Loads the first pages of rooms and conversations again. */
  refresh(): Promise<void> {
    return this.#lists.refresh();
  }

  /** Loads the next page of a list, if there is one. */
  loadMore(list: 'rooms' | 'conversations'): void {
    void this.#lists.more(list, this.state.get()[`${list}Next`]);
  }

  /** Shows a room or conversation: joins it and loads its newest messages. `undefined` shows none. */
  open(key: ThreadKey | undefined): void {
    const previous = this.state.get().active;
    if (previous && previous !== key)
      this.#update(previous, (thread) => ({ ...thread, unreadAfter: undefined }));
    this.#reading = undefined;
    this.state.patch({ active: key });
    if (!key) return;
    this.#update(key, withOpened);
    const { kind, id } = parseKey(key);
    const { roomId, phase } = threadOf(this.state.get(), key);
    if (kind === 'room') {
      for (const closed of this.#positions.open(id)) this.#leave(closed);
      this.#join(key, id);
    } else if (roomId !== undefined) this.#join(key, roomId);
    if (phase !== 'ready') void this.#history.loadLatest(key);
    else this.#fillActive();
  }

  /** Leaves a room: it is not followed any more. */
  leave(roomId: number): void {
    this.#leave(roomId);
    if (this.state.get().active === roomKey(roomId)) this.state.patch({ active: undefined });
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

  /** Whether the newest message is on the screen, in a visible tab: then everything that arrives is read. */
  setReading(key: ThreadKey, isReading: boolean): void {
    if (isReading) this.#reading = key;
    else if (this.#reading === key) this.#reading = undefined;
    this.#advanceReading(key);
    this.#fillActive();
  }

  /** Sends, or sends again when `clientMsgId` is given. */
  send(key: ThreadKey, text: string, clientMsgId: string = newClientMsgId()): void {
    const { kind, id } = parseKey(key);
    const { client } = this.#options;
    this.#update(key, (thread) => ({
      ...thread,
      timeline: withSend(thread.timeline, clientMsgId, text, Date.now()),
      unreadAfter: undefined,
    }));
    if (!isAtEnd(threadOf(this.state.get(), key).timeline)) this.loadLatest(key);
    const pending =
      kind === 'room' ? client.send(id, text, { clientMsgId }) : client.sendDirect(id, text, { clientMsgId });
    void pending.result.then((result) => {
      if (this.#stop.signal.aborted) return;
      if (result.status === 'acked') {
        const { seq, roomId } = result.ack;
        this.#change(key, (timeline) => withAck(timeline, clientMsgId, seq));
        this.#update(key, (thread) => ({ ...thread, roomId }));
        this.#markRead(key, seq);
      } else {
        const code = result.status === 'refused' ? result.error.code : result.reason;
        this.#change(key, (timeline) => withFailure(timeline, clientMsgId, code));
      }
    });
  }

  /** Drops a send that failed. */
  discard(key: ThreadKey, clientMsgId: string): void {
    this.#change(key, (timeline) => withoutSend(timeline, clientMsgId));
  }

  /** @throws {ApiError} */
  async createRoom(name: string): Promise<Room> {
    try {
      const room = await this.#options.api.createRoom(name);
      const { rooms } = this.state.get();
      this.state.patch({ rooms: [...rooms.filter((other) => other.roomId !== room.roomId), room] });
      return room;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Asks who is in a room; afterwards the gateway tells every change. */
  async loadMembers(roomId: number): Promise<void> {
    try {
      const { count, members } = await this.#options.api.members(roomId);
      this.#presence(roomId, count, members);
    } catch (error) {
      // The gateway tells it with the next change anyway.
      this.#failed(error);
    }
  }

  #loaded(part: SidebarPart): void {
    if (this.#stop.signal.aborted) return;
    this.state.patch({ ...part, roomsPhase: 'ready' });
    for (const { peer, roomId, head } of part.conversations ?? []) {
      this.#update(userKey(peer.userId), (thread) => ({ ...withHead(thread, head), roomId }));
    }
    this.#fillActive();
    const { active } = this.state.get();
    if (active && threadOf(this.state.get(), active).phase === 'idle') this.open(active);
  }

  #join(key: ThreadKey, roomId: number): void {
    this.#update(key, (thread) => (thread.roomId === roomId ? thread : { ...thread, roomId }));
    const joined = this.#options.client.join(roomId);
    // Not before: the list would lack this very user.
    const isRoom = parseKey(key).kind === 'room';
    const shown = joined.then(() =>
      isRoom && this.state.get().active === key ? this.loadMembers(roomId) : undefined,
    );
    shown.catch((error: unknown) => {
      if (!(error instanceof ClientError) || !['ROOM_NOT_FOUND', 'FORBIDDEN'].includes(error.code)) return;
      this.#positions.close(roomId);
      this.#update(key, (thread) => ({ ...thread, phase: 'missing' }));
    });
  }

  #leave(roomId: number): void {
    this.#positions.close(roomId);
    const threads = new Map(this.state.get().threads);
    threads.delete(roomKey(roomId));
    this.state.patch({ threads });
    // Unconfirmed or not: nothing of it is shown any more, and the connection forgets it at its end.
    this.#options.client.leave(roomId).catch(() => undefined);
  }

  #arrived(message: Message): void {
    const key = keyOf(message, this.me.userId);
    const isOwn = message.fromUserId === this.me.userId;
    const before = threadOf(this.state.get(), key);
    const isShown = this.state.get().active === key;
    const isRead = this.#reading === key;
    this.#update(key, (thread) => withArrived(thread, message, { me: this.me.userId, isShown, isRead }));
    if (key.startsWith('user:')) this.#usedConversation(message);
    if (isOwn) this.#markRead(key, message.seq);
    this.#advanceReading(key);
    const after = threadOf(this.state.get(), key).timeline;
    if (isShown && isAtEnd(before.timeline) && !isAtEnd(after)) this.loadNewer(key);
  }

  #usedConversation(message: Message): void {
    const peer = peerOf(message, this.me.userId);
    const { conversations } = this.state.get();
    const used = { roomId: message.roomId, peer, head: message.seq };
    this.state.patch({ conversations: withConversation(conversations, used) });
  }

  #joined(roomId: number, head: number, isResumed: boolean): void {
    const key = this.#keyOfRoom(roomId);
    const { readTo } = threadOf(this.state.get(), key);
    // After a resume everything up to the head is delivered anyway.
    if (!isResumed) this.#update(key, (thread) => withHead(thread, head));
    // A room that is opened for the first time has no unread past.
    if (readTo === undefined && key.startsWith('room:')) this.#markRead(key, head);
    this.#fillActive();
  }

  #presence(roomId: number, count: number, members?: Member[]): void {
    const { present, rooms } = this.state.get();
    const known = present.get(roomId)?.members ?? [];
    this.state.patch({
      present: withEntry(present, roomId, { count, members: members ?? known }),
      rooms: rooms.map((room) => (room.roomId === roomId ? { ...room, online: count } : room)),
    });
  }

  #broken(roomId: number): void {
    const key = this.#keyOfRoom(roomId);
    this.#update(key, (thread) => ({ ...thread, hasBroken: true }));
    if (this.state.get().active === key) this.loadLatest(key);
    else this.#update(key, (thread) => ({ ...thread, phase: 'idle' }));
  }

  /** The room was taken away, or the client could not page: what is shown may be incomplete. */
  #lost(roomId: number, reason: string): void {
    const key = this.#keyOfRoom(roomId);
    const isGone = reason === 'ROOM_NOT_FOUND' || reason === 'FORBIDDEN';
    this.#update(key, (thread) => ({ ...thread, phase: isGone ? 'missing' : 'failed', errorCode: reason }));
  }

  #connectionChanged(): void {
    const { client } = this.#options;
    const before = this.state.get().connection;
    const connection = connectionInfo(client.state, this.#retryAtMs, navigator.onLine);
    this.state.patch({ connection });
    if (connection.status !== 'online') return;
    const { active, roomsPhase } = this.state.get();
    // What happened while away: conversations have no join that would tell.
    if (roomsPhase === 'failed') void this.refresh();
    else if (before.status === 'reconnecting') this.#lists.refreshSoon();
    if (active && threadOf(this.state.get(), active).phase === 'failed') this.loadLatest(active);
  }

  #readElsewhere(): void {
    for (const [key] of this.state.get().threads) {
      const seq = this.#positions.readTo(key);
      if (seq !== undefined) this.#update(key, (thread) => withRead(thread, seq));
    }
  }

  #advanceReading(key: ThreadKey): void {
    if (this.#reading !== key) return;
    const { timeline, phase } = threadOf(this.state.get(), key);
    if (phase === 'ready' && isAtEnd(timeline)) this.#markRead(key, timeline.head);
  }

  #markRead(key: ThreadKey, seq: number): void {
    this.#positions.markRead(key, seq);
    this.#update(key, (thread) => withRead(thread, seq));
  }

  /** A reader who is at the end stays there: what is missing is loaded, or skipped when it is too much. */
  #fillActive(): void {
    const { active } = this.state.get();
    if (!active || this.#reading !== active) return;
    const { phase, timeline, newer } = threadOf(this.state.get(), active);
    if (phase !== 'ready' || newer !== 'idle' || isAtEnd(timeline)) return;
    if (timeline.head - timeline.coveredTo > maxTimelineMessages) this.loadLatest(active);
    else this.loadNewer(active);
  }

  #keyOfRoom(roomId: number): ThreadKey {
    const direct = this.state.get().conversations.find((conversation) => conversation.roomId === roomId);
    return direct ? userKey(direct.peer.userId) : roomKey(roomId);
  }

  #change(key: ThreadKey, change: (timeline: Timeline) => Timeline): void {
    this.#update(key, (thread) => ({ ...thread, timeline: change(thread.timeline) }));
  }

  #update(key: ThreadKey, change: (thread: Thread) => Thread): void {
    const { threads } = this.state.get();
    const known = threads.get(key) ?? { ...emptyThread, readTo: this.#positions.readTo(key) };
    this.state.patch({ threads: withEntry(threads, key, change(known)) });
  }

  #failed(error: unknown): void {
    const isRefused = error instanceof ApiError && error.status === 401;
    if (isRefused && !this.#stop.signal.aborted) this.#options.onExpired();
  }
}
